namespace SecondOpinion.Billing.Rosters.Engine;

/// <summary>
/// Finds lines that may repeat a person, in a fixed and small memory: one bit per hash value modulo the size. A bit already set makes a suspect; of 28 million
/// different people about 1 % become suspects by chance, and only if the unique index then fails are they looked at.
/// </summary>
internal sealed class RepeatFinder
{
    private const long LargestBits = 1L << 30;
    private readonly ulong[] _bits;
    private readonly long _mask;

    /// <param name="expectedLines">About how many lines there are; it sets the size, never the result.</param>
    public RepeatFinder(long expectedLines)
    {
        var bits = 1L << 16;
        while (bits < expectedLines * 32 && bits < LargestBits)
        {
            bits <<= 1;
        }

        _bits = new ulong[bits / 64];
        _mask = bits - 1;
    }

    public List<(long Person, long Line)> Suspects { get; } = [];

    public void Add(long person, long line)
    {
        var place = person & _mask;
        ref var word = ref _bits[place >> 6];
        var bit = 1UL << (int)(place & 63);
        if ((word & bit) != 0)
        {
            Suspects.Add((person, line));
        }

        word |= bit;
    }
}
