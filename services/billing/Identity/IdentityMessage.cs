using System.Buffers.Binary;

namespace SecondOpinion.Billing.Identity;

/// <summary>What is hashed of an identity: kind, insurer, name, date and rank, at most 45 bytes.</summary>
internal static class IdentityMessage
{
    public const byte PersonKind = (byte)'P';
    public const byte FamilyKind = (byte)'F';
    public const byte HolderKind = (byte)'H';
    public const byte EngagementKind = (byte)'E';
    public const int MaxName = 24;
    public const int MaxLength = 1 + 10 + 1 + MaxName + 1 + 8;

    /// <returns>How many bytes it takes.</returns>
    public static int Write(Span<byte> message, byte kind, ReadOnlySpan<byte> amc, ReadOnlySpan<byte> name, int date, int rank)
    {
        message[0] = kind;
        amc.CopyTo(message[1..]);
        var length = 1 + amc.Length;
        message[length++] = (byte)'|';
        name.CopyTo(message[length..]);
        length += name.Length;
        message[length++] = (byte)'|';
        BinaryPrimitives.WriteInt32BigEndian(message[length..], date);
        BinaryPrimitives.WriteInt32BigEndian(message[(length + 4)..], rank);
        return length + 8;
    }
}
