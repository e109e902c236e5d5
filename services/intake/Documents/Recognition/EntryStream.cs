namespace SecondOpinion.Intake.Documents.Recognition;

/// <summary>The packed bytes of one file within an archive, and no others.</summary>
internal sealed class EntryStream(Stream archive, ZipEntry entry) : Stream
{
    private long _position;

    public override bool CanRead => true;

    public override bool CanSeek => true;

    public override bool CanWrite => false;

    public override long Length => entry.Packed;

    public override long Position { get => _position; set => _position = value; }

    /// <summary>The file as it unfolds, limited in what it may unfold to; its check sum is made on the way.</summary>
    public Inflated Unfold() => new(this, isStored: entry.IsStored, isChecked: true);

    public override int Read(Span<byte> buffer)
    {
        archive.Position = entry.Start + _position;
        var read = archive.Read(buffer[..(int)Math.Min(buffer.Length, entry.Packed - _position)]);
        _position += read;
        return read;
    }

    public override int Read(byte[] buffer, int offset, int count) => Read(buffer.AsSpan(offset, count));

    public override long Seek(long offset, SeekOrigin origin) => _position = origin switch
    {
        SeekOrigin.Begin => offset,
        SeekOrigin.Current => _position + offset,
        _ => entry.Packed + offset,
    };

    public override void Flush()
    {
        // Nothing is ever written.
    }

    public override void SetLength(long value) => throw new NotSupportedException();

    public override void Write(byte[] buffer, int offset, int count) => throw new NotSupportedException();
}

/// <summary>CRC-32 as ZIP has it (ISO 3309), eight bytes at a step.</summary>
internal static class Crc32
{
    private static readonly uint[][] Tables = Make();

    public static uint Append(uint crc, ReadOnlySpan<byte> data)
    {
        crc = ~crc;
        while (data.Length >= 8)
        {
            var low = crc ^ System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(data);
            var high = System.Buffers.Binary.BinaryPrimitives.ReadUInt32LittleEndian(data[4..]);
            crc = Tables[7][low & 0xFF] ^ Tables[6][low >> 8 & 0xFF] ^ Tables[5][low >> 16 & 0xFF] ^ Tables[4][low >> 24]
                ^ Tables[3][high & 0xFF] ^ Tables[2][high >> 8 & 0xFF] ^ Tables[1][high >> 16 & 0xFF] ^ Tables[0][high >> 24];
            data = data[8..];
        }

        foreach (var b in data)
        {
            crc = Tables[0][(crc ^ b) & 0xFF] ^ crc >> 8;
        }

        return ~crc;
    }

    private static uint[][] Make()
    {
        var tables = Enumerable.Range(0, 8).Select(_ => new uint[256]).ToArray();
        for (var i = 0u; i < 256; i++)
        {
            var c = i;
            for (var bit = 0; bit < 8; bit++)
            {
                c = (c & 1) != 0 ? 0xEDB88320 ^ c >> 1 : c >> 1;
            }

            tables[0][i] = c;
        }

        for (var i = 0; i < 256; i++)
        {
            for (var t = 1; t < 8; t++)
            {
                tables[t][i] = tables[0][tables[t - 1][i] & 0xFF] ^ tables[t - 1][i] >> 8;
            }
        }

        return tables;
    }
}
