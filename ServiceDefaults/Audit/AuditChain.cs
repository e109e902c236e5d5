using System.Buffers;
using System.Buffers.Binary;
using System.Security.Cryptography;
using System.Text;

namespace SecondOpinion.ServiceDefaults.Audit;

/// <summary>A record as the chain takes it in: every column.</summary>
internal sealed record AuditRecord(
    Guid Id, DateTimeOffset At, string ActorRole, string Actor, string Action, string ObjectType, string ObjectId, string Purpose, string? TraceId);

/// <summary>How a link follows from its record and the link before it.</summary>
internal static class AuditChain
{
    /// <summary>What the first link follows.</summary>
    public static readonly byte[] Start = new byte[SHA256.HashSizeInBytes];

    /// <summary>
    /// SHA-256 of the former hash, the number (8 bytes, big-endian), the time in microseconds since 1970 and each column in order, with its length before it:
    /// no two different records have the same bytes.
    /// </summary>
    public static byte[] Link(ReadOnlySpan<byte> former, long seq, AuditRecord record)
    {
        var bytes = new ArrayBufferWriter<byte>(512);
        bytes.Write(former);
        Number(bytes, seq);
        bytes.Write(record.Id.ToByteArray(bigEndian: true));
        Number(bytes, (record.At - DateTimeOffset.UnixEpoch).Ticks / TimeSpan.TicksPerMicrosecond);
        foreach (var column in (string?[])[record.ActorRole, record.Actor, record.Action, record.ObjectType, record.ObjectId, record.Purpose, record.TraceId])
        {
            Number(bytes, column is null ? -1 : Encoding.UTF8.GetByteCount(column));
            Encoding.UTF8.GetBytes(column ?? "", bytes);
        }

        return SHA256.HashData(bytes.WrittenSpan);
    }

    private static void Number(ArrayBufferWriter<byte> bytes, long number)
    {
        BinaryPrimitives.WriteInt64BigEndian(bytes.GetSpan(sizeof(long)), number);
        bytes.Advance(sizeof(long));
    }
}
