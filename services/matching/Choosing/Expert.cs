namespace SecondOpinion.Matching.Choosing;

/// <param name="TiedPhysicians">With whom a tie is declared.</param>
/// <param name="TiedEstablishments">With which a tie is declared, beyond the places of practice.</param>
/// <param name="OpenCases">Places held: open offers and cases not yet delivered.</param>
/// <param name="LastOfferedAt">Null when never asked: idle for longest.</param>
internal sealed record Expert(
    Guid PhysicianId,
    string SpecialtyCode,
    string[] PathologyCodes,
    string[] Establishments,
    Guid[] TiedPhysicians,
    string[] TiedEstablishments,
    int Capacity,
    int OpenCases,
    DateTimeOffset? AwayUntil,
    DateTimeOffset? LastOfferedAt)
{
    /// <summary>Share of the places that are held, so that a large practice is not asked more often only because it is large.</summary>
    public double Load => Capacity == 0 ? 1 : (double)OpenCases / Capacity;
}
