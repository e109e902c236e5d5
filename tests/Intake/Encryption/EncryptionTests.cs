using System.Security.Cryptography;
using FsCheck;
using FsCheck.Fluent;
using Microsoft.Extensions.Configuration;
using SecondOpinion.ServiceDefaults.Encryption;

namespace SecondOpinion.Tests.Intake.Encryption;

/// <summary>What is sealed opens only whole, in its place and under its key.</summary>
public sealed class EncryptionTests
{
    private static readonly byte[] Key = RandomNumberGenerator.GetBytes(32);
    private static readonly Guid Document = Guid.CreateVersion7();

    [Fact]
    public void A_value_comes_back_as_it_went_in() => Prop.ForAll(
        ArbMap.Default.ArbFor<byte[]>(),
        plain => Envelope.Open(Key, Envelope.Seal(Key, plain, "a|b|c"), "a|b|c").ShouldBe(plain)).Check(Config.QuickThrowOnFailure);

    [Fact]
    public void Any_flipped_bit_is_refused()
    {
        var box = Envelope.Seal(Key, "née à Vierzon"u8, "case_file|sealed_person|1");
        for (var bit = 0; bit < box.Length * 8; bit++)
        {
            var changed = box.ToArray();
            changed[bit / 8] ^= (byte)(1 << bit % 8);
            Should.Throw<CryptographicException>(() => Envelope.Open(Key, changed, "case_file|sealed_person|1"), $"bit {bit}");
        }
    }

    [Theory]
    [InlineData("case_file|sealed_person|2")]
    [InlineData("case_file|sealed_answers|1")]
    [InlineData("document|sealed_person|1")]
    public void A_value_of_another_row_column_or_table_is_refused(string place) => Should.Throw<CryptographicException>(
        () => Envelope.Open(Key, Envelope.Seal(Key, "x"u8, "case_file|sealed_person|1"), place));

    [Fact]
    public void Two_seals_of_one_value_differ() => Envelope.Seal(Key, "x"u8, "p").ShouldNotBe(Envelope.Seal(Key, "x"u8, "p"));

    [Theory]
    [InlineData(0)]
    [InlineData(1)]
    [InlineData(SealedFile.ChunkSize - 1)]
    [InlineData(SealedFile.ChunkSize)]
    [InlineData(SealedFile.ChunkSize + 1)]
    [InlineData(3 * SealedFile.ChunkSize)]
    public async Task A_file_comes_back_from_any_position(int length)
    {
        var plain = RandomNumberGenerator.GetBytes(length);
        var sealedBytes = await Seal(plain);

        using var file = new SealedFileStream(new MemoryStream(sealedBytes), Key, Document);

        file.Length.ShouldBe(length);
        var all = new MemoryStream();
        file.CopyTo(all);
        all.ToArray().ShouldBe(plain);
        if (length > 10)
        {
            file.Position = length - 10;
            var end = new byte[10];
            file.ReadExactly(end);
            end.ShouldBe(plain[^10..]);
        }
    }

    [Theory]
    [InlineData("flip")]
    [InlineData("cut inside a chunk")]
    [InlineData("drop the last chunk")]
    [InlineData("swap two chunks")]
    [InlineData("another document")]
    public async Task A_changed_file_does_not_open(string how)
    {
        const int sealedChunk = SealedFile.ChunkSize + 16;
        var bytes = await Seal(RandomNumberGenerator.GetBytes(SealedFile.ChunkSize * 2 + 100));
        var id = Document;
        switch (how)
        {
            case "flip":
                bytes[8 + sealedChunk + 5] ^= 1;
                break;
            case "cut inside a chunk":
                bytes = bytes[..^30];
                break;
            case "drop the last chunk":
                bytes = bytes[..(8 + 2 * sealedChunk)];
                break;
            case "swap two chunks":
                var first = bytes[8..(8 + sealedChunk)];
                bytes.AsSpan(8 + sealedChunk, sealedChunk).CopyTo(bytes.AsSpan(8));
                first.CopyTo(bytes.AsSpan(8 + sealedChunk));
                break;
            default:
                id = Guid.CreateVersion7();
                break;
        }

        Should.Throw<CryptographicException>(() =>
        {
            using var file = new SealedFileStream(new MemoryStream(bytes), Key, id);
            file.CopyTo(Stream.Null);
        });
    }

    [Fact]
    public void A_file_of_the_first_form_stays_readable()
    {
        var plain = RandomNumberGenerator.GetBytes(SealedFile.ChunkSize + 10);
        using var file = new MemoryStream();
        file.Write("SODOC\0\0\u0001"u8);
        using var aes = new AesGcm(Key, 16);
        for (var chunk = 0; chunk < 2; chunk++)
        {
            var part = plain.AsSpan()[(chunk * SealedFile.ChunkSize)..Math.Min(plain.Length, (chunk + 1) * SealedFile.ChunkSize)];
            var (cipher, tag) = (new byte[part.Length], new byte[16]);
            aes.Encrypt([(byte)chunk, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, (byte)chunk], part, cipher, tag, Document.ToByteArray());
            file.Write(cipher);
            file.Write(tag);
        }

        file.Position = 0;
        using var back = new SealedFileStream(file, Key, Document);
        using var all = new MemoryStream();
        back.CopyTo(all);
        all.ToArray().ShouldBe(plain);
    }

    [Theory]
    [InlineData(null, null, "Encryption:CurrentKey is not set")]
    [InlineData("v2", null, "Encryption:Keys:v2 is not set")]
    [InlineData("v1", "c2hvcnQ=", "Encryption:Keys:v1 is not base64 of 32 bytes")]
    [InlineData("v1", "???", "Encryption:Keys:v1 is not base64 of 32 bytes")]
    public void A_missing_or_short_key_stops_the_start_with_a_clear_sentence(string? current, string? v1, string sentence)
    {
        var configuration = new ConfigurationBuilder().AddInMemoryCollection(new Dictionary<string, string?>
        {
            ["Encryption:CurrentKey"] = current,
            ["Encryption:Keys:v1"] = v1 ?? Convert.ToBase64String(Key),
        }).Build();

        Should.Throw<InvalidOperationException>(() => new Keyring(configuration)).Message.ShouldContain(sentence);
    }

    private static async Task<byte[]> Seal(byte[] plain)
    {
        var file = new MemoryStream();
        using var writer = new SealedFileWriter(file, Key, Document);
        foreach (var part in plain.Chunk(10_007))
        {
            await writer.Write(part, CancellationToken.None);
        }

        await writer.Complete(CancellationToken.None);
        return file.ToArray();
    }
}
