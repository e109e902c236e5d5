using System.Text;
using SecondOpinion.Intake.Documents.Recognition;

namespace SecondOpinion.Tests.Intake.Documents;

/// <summary>What a camera wrote into a photograph is never shown; the pixels are not touched.</summary>
public sealed class PhotographTests
{
    private static readonly byte[] Frame = [0xFF, 0xC0, 0x00, 0x0B, 8, 0, 1, 0, 1, 1, 1, 0x11, 0];
    private static readonly byte[] ScanAndEnd = [0xFF, 0xDA, 0x00, 0x08, 1, 1, 0, 0, 0x3F, 0, 0x12, 0xFF, 0x00, 0x34, 0x56, 0xFF, 0xD9];
    private static readonly byte[] Jfif = [0xFF, 0xE0, 0x00, 0x10, .. "JFIF\0"u8, 1, 1, 0, 0, 1, 0, 1, 0, 0];
    private static readonly byte[] Profile = Segment(0xE2, [.. "ICC_PROFILE\0"u8, 1, 1, 7, 7]);
    private static readonly byte[] Adobe = Segment(0xEE, [.. "Adobe"u8, 0, 100, 0, 0, 0, 0, 1]);

    [Theory]
    [InlineData(1)]
    [InlineData(6)]
    public void Place_time_previews_comments_and_appended_videos_go_and_the_picture_stays(short orientation)
    {
        byte[] file =
        [
            0xFF, 0xD8, .. Jfif, .. Exif(orientation), .. Segment(0xE1, Encoding.ASCII.GetBytes("http://ns.adobe.com/xap/1.0/\0<x:xmpmeta>GPSLatitude")),
                .. Profile,
            .. Segment(0xE2, "MPF\0more pictures"u8), .. Segment(0xED, "Photoshop 3.0\0caption"u8), .. Adobe, .. Segment(0xFE, "Camille at home"u8),
                .. Frame, .. ScanAndEnd,
            .. "ftypmp42 a video with a voice"u8,
        ];

        var shown = Photograph.Clean(new MemoryStream(file), FileKind.Jpeg).ShouldNotBeNull();
        var bytes = All(shown.Of(new MemoryStream(file)));

        byte[] turned = orientation == 1 ? [] : [0xFF, 0xE1, 0, 34, .. "Exif\0\0MM\0*"u8, 0, 0, 0, 8, 0, 1, 0x01, 0x12, 0, 3, 0, 0, 0, 1, 0, 6, 0, 0, 0, 0,
            0, 0];
        bytes.ShouldBe([0xFF, 0xD8, .. turned, .. Jfif, .. Profile, .. Adobe, .. Frame, .. ScanAndEnd]);
        FileKind.Of(new MemoryStream(bytes)).ShouldBe(new Recognised.Picture(FileKind.Jpeg));
        Encoding.Latin1.GetString(bytes).ShouldNotContain("GPS");
        // And so wherever a download goes on.
        foreach (var from in Enumerable.Range(0, bytes.Length))
        {
            var stream = shown.Of(new MemoryStream(file));
            stream.Position = from;
            All(stream).ShouldBe(bytes[from..]);
        }
    }

    [Fact]
    public void A_photograph_that_says_nothing_is_shown_as_it_is()
    {
        byte[] file = [0xFF, 0xD8, .. Jfif, .. Frame, .. ScanAndEnd];
        Photograph.Clean(new MemoryStream(file), FileKind.Jpeg).ShouldBeNull();
    }

    [Fact]
    public void A_png_loses_its_texts_and_its_exif_and_keeps_its_pixels()
    {
        var plain = Convert.FromBase64String("iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg==");
        byte[] file = [.. plain[..33], .. Chunk("eXIf", "MM\0*GPS"u8), .. Chunk("iTXt", "Author\0Camille"u8), .. plain[33..], .. "appended"u8];

        var shown = Photograph.Clean(new MemoryStream(file), FileKind.Png).ShouldNotBeNull();

        All(shown.Of(new MemoryStream(file))).ShouldBe(plain);
        Photograph.Clean(new MemoryStream(plain), FileKind.Png).ShouldBeNull();
    }

    private static byte[] Exif(short orientation) => Segment(
        0xE1, [.. "Exif\0\0II*\0"u8, 8, 0, 0, 0, 2, 0, 0x12, 0x01, 3, 0, 1, 0, 0, 0, (byte)orientation, 0, 0, 0, 0x25, 0x88, 4, 0, 1, 0, 0, 0, 38, 0, 0, 0,
            0, 0, 0, 0, .. "GPS 48.8566 2.3522"u8]);

    private static byte[] Segment(byte marker, ReadOnlySpan<byte> data) => [0xFF, marker, (byte)((data.Length + 2) >> 8), (byte)(data.Length + 2), .. data];

    private static byte[] Chunk(string kind, ReadOnlySpan<byte> data) => [0, 0, 0, (byte)data.Length, .. Encoding.ASCII.GetBytes(kind), .. data, 0, 0, 0, 0];

    private static byte[] All(Stream stream)
    {
        var copy = new MemoryStream();
        stream.CopyTo(copy);
        return copy.ToArray();
    }
}
