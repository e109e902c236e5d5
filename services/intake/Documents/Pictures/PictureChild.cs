using System.Buffers.Binary;
using System.Globalization;
using System.Text;
using System.Text.Json;
using ImageMagick;
using SecondOpinion.Intake.Documents.Recognition;

namespace SecondOpinion.Intake.Documents.Pictures;

/// <summary>
/// The process in which pictures are decoded: this assembly, started with <c>pictures</c> and a media type, in limits that its parent sets. It reads the
/// picture from its input and writes frames to its output: what it found, a preview, and for kinds that not every program opens a picture or PDF that does. It
/// opens no file and no connection.
/// </summary>
internal static class PictureChild
{
    /// <summary>First argument of the process.</summary>
    public const string Verb = "pictures";

    /// <summary>A picture with more points is not unfolded: a few kilobytes can announce gigabytes.</summary>
    public const long MostPoints = 120_000_000;

    private const int MostPages = 300;
    private const int LongestSide = 32_000;
    private const uint PreviewSide = 1024;

    /// <summary>What decoders say of pictures that lack something. Other words (unknown tags, bytes between segments) leave all points in place.</summary>
    private static readonly string[] Damage =
    [
        "premature", "Huffman", "instead of RST", "arithmetic", "truncated", "not enough", "read error", "crc", "insufficient", "unexpected end",
        "too short", "inflate", "bad data",
    ];

    public static async Task<int> Run(string mediaType)
    {
        await using var output = Console.OpenStandardOutput();
        Frame(output, PictureFrame.Ready, []);
        ResourceLimits.Thread = 1;
        ResourceLimits.Disk = 0;
        ResourceLimits.Memory = 700UL << 20;
        ResourceLimits.Area = 700UL << 20;
        ResourceLimits.Width = LongestSide;
        ResourceLimits.Height = LongestSide;
        using var input = new MemoryStream();
        await Console.OpenStandardInput().CopyToAsync(input);
        PictureFacts facts;
        try
        {
            facts = Read(input, mediaType, output);
        }
        catch (MagickResourceLimitErrorException)
        {
            facts = new PictureFacts("too_large");
        }
        catch (OutOfMemoryException)
        {
            facts = new PictureFacts("too_large");
        }
        catch (MagickException exception)
        {
            facts = new PictureFacts(exception.Message.Contains("exceeds", StringComparison.OrdinalIgnoreCase) ? "too_large" : "damaged");
        }

        Frame(output, PictureFrame.Facts, JsonSerializer.SerializeToUtf8Bytes(facts));
        return 0;
    }

    private static PictureFacts Read(MemoryStream input, string mediaType, Stream output)
    {
        var format = mediaType switch
        {
            FileKind.Jpeg => MagickFormat.Jpeg,
            FileKind.Png => MagickFormat.Png,
            FileKind.Tiff => MagickFormat.Tiff,
            _ => MagickFormat.Heic,
        };
        // Its decoder would call that broken.
        if (format == MagickFormat.Png && input.Length >= 24 && IsTooLarge(
            BinaryPrimitives.ReadUInt32BigEndian(input.GetBuffer().AsSpan(16)), BinaryPrimitives.ReadUInt32BigEndian(input.GetBuffer().AsSpan(20))))
        {
            return new PictureFacts("too_large");
        }

        // From memory and not from a stream: of some kinds a stream becomes a file first, which this process may not write.
        var pages = MagickImageInfo.ReadCollection(input.GetBuffer(), 0, (uint)input.Length, new MagickReadSettings { Format = format }).ToList();
        if (pages.Count == 0)
        {
            return new PictureFacts("damaged");
        }

        if (pages.Count > MostPages || pages.Exists(p => IsTooLarge(p.Width, p.Height)))
        {
            return new PictureFacts("too_large");
        }

        // Phones keep further pictures (depth, preview) in a HEIC: the first is the photograph.
        var count = format == MagickFormat.Heic ? 1 : pages.Count;
        var pictures = new List<byte[]>();
        for (var i = 0; i < count; i++)
        {
            using var image = Decode(input, format, i, out var isWhole);
            if (image is null || !isWhole)
            {
                return new PictureFacts("damaged");
            }

            image.AutoOrient();
            if (format is MagickFormat.Heic or MagickFormat.Tiff)
            {
                pictures.Add(Jpeg(image, 92));
            }

            if (i == 0)
            {
                using var preview = image.Clone();
                preview.Thumbnail(new MagickGeometry(PreviewSide, PreviewSide) { Greater = true });
                Frame(output, PictureFrame.Preview, Jpeg(preview, 80));
            }
        }

        if (pictures.Count > 0)
        {
            Frame(output, PictureFrame.Shown, pictures.Count == 1 ? pictures[0] : Pdf(pictures));
        }

        return new PictureFacts("decoded", pages[0].Width, pages[0].Height, count);
    }

    private static MagickImage? Decode(MemoryStream input, MagickFormat format, int page, out bool isWhole)
    {
        var said = new List<string>();
        MagickImage Read()
        {
            var read = new MagickImage();
            read.Warning += (_, warning) => said.Add(warning.Message);
            read.Read(input.GetBuffer(), 0, (uint)input.Length, new MagickReadSettings { Format = format, FrameIndex = (uint)page, FrameCount = 1 });
            return read;
        }

        var image = Read();
        isWhole = !said.Exists(IsDamage);
        if (!isWhole && format == MagickFormat.Jpeg && image.Interlace == Interlace.NoInterlace && said.TrueForAll(IsEnd))
        {
            // All points may be there although the end mark is not: then nothing is missing once it is. Of a picture in several scans that cannot be told.
            said.Clear();
            image.Dispose();
            input.Position = input.Length;
            input.Write([0xFF, 0xD9]);
            image = Read();
            isWhole = !said.Exists(IsDamage);
        }

        return image;
    }

    private static bool IsTooLarge(long width, long height) => width > LongestSide || height > LongestSide || width * height > MostPoints;

    private static bool IsDamage(string words) => Damage.Any(d => words.Contains(d, StringComparison.OrdinalIgnoreCase));

    private static bool IsEnd(string words) => !IsDamage(words) || words.Contains("Premature end of JPEG file", StringComparison.Ordinal);

    /// <summary>Without what the camera wrote; colours as every screen shows them.</summary>
    private static byte[] Jpeg(IMagickImage<byte> image, uint quality)
    {
        if (image.GetColorProfile() is not null)
        {
            image.TransformColorSpace(ColorProfiles.SRGB);
        }

        image.Strip();
        image.BackgroundColor = MagickColors.White;
        image.Alpha(AlphaAction.Remove);
        image.Quality = quality;
        return image.ToByteArray(MagickFormat.Jpeg);
    }

    /// <summary>A page for each picture, at 150 points an inch of paper at most A4.</summary>
    private static byte[] Pdf(List<byte[]> pictures)
    {
        using var pdf = new MemoryStream();
        var places = new List<long>();
        void Text(string text) => pdf.Write(Encoding.Latin1.GetBytes(text));
        void Object(string head, byte[]? stream = null)
        {
            places.Add(pdf.Position);
            Text(string.Create(CultureInfo.InvariantCulture, $"{places.Count} 0 obj\n{head}\n"));
            if (stream is not null)
            {
                Text("stream\n");
                pdf.Write(stream);
                Text("\nendstream\n");
            }

            Text("endobj\n");
        }

        Text("%PDF-1.4\n%\u00e2\u00e3\u00cf\u00d3\n");
        Object("<</Type/Catalog/Pages 2 0 R>>");
        Object($"<</Type/Pages/Count {pictures.Count}/Kids[{string.Join(' ', Enumerable.Range(0, pictures.Count).Select(i => $"{3 + i * 3} 0 R"))}]>>");
        foreach (var (picture, i) in pictures.Select((p, i) => (p, i)))
        {
            var info = new MagickImageInfo(picture);
            var scale = Math.Min(595.0 / info.Width, 842.0 / info.Height);
            var (width, height) = (info.Width * scale, info.Height * scale);
            var colours = info.ColorSpace == ColorSpace.Gray ? "DeviceGray" : "DeviceRGB";
            var at = 3 + i * 3;
            Object(string.Create(CultureInfo.InvariantCulture,
                $"<</Type/Page/Parent 2 0 R/MediaBox[0 0 {width:F2} {height:F2}]/Resources<</XObject<</I {at + 2} 0 R>>>>/Contents {at + 1} 0 R>>"));
            var draw = Encoding.ASCII.GetBytes(string.Create(CultureInfo.InvariantCulture, $"{width:F2} 0 0 {height:F2} 0 0 cm /I Do"));
            Object($"<</Length {draw.Length}>>", draw);
            Object(
                $"<</Type/XObject/Subtype/Image/Width {info.Width}/Height {info.Height}/ColorSpace/{colours}/BitsPerComponent 8/Filter/DCTDecode"
                + $"/Length {picture.Length}>>", picture);
        }

        var table = pdf.Position;
        Text($"xref\n0 {places.Count + 1}\n0000000000 65535 f \n");
        places.ForEach(place => Text(string.Create(CultureInfo.InvariantCulture, $"{place:D10} 00000 n \n")));
        Text(string.Create(CultureInfo.InvariantCulture, $"trailer\n<</Size {places.Count + 1}/Root 1 0 R>>\nstartxref\n{table}\n%%EOF\n"));
        return pdf.ToArray();
    }

    private static void Frame(Stream output, PictureFrame kind, ReadOnlySpan<byte> content)
    {
        Span<byte> head = stackalloc byte[5];
        head[0] = (byte)kind;
        BinaryPrimitives.WriteInt32BigEndian(head[1..], content.Length);
        output.Write(head);
        output.Write(content);
        output.Flush();
    }
}

/// <summary>What the child sends: one byte of kind, four of length, the content.</summary>
internal enum PictureFrame
{
    /// <summary>It runs: whatever happens from here on is the picture's doing.</summary>
    Ready = 1,

    /// <summary>A small JPEG.</summary>
    Preview = 2,

    /// <summary>What is shown in place of a kind that not every program opens: a JPEG, or a PDF of several pages.</summary>
    Shown = 3,

    /// <summary>The last one: <see cref="PictureFacts"/> as JSON.</summary>
    Facts = 4,
}

/// <param name="Verdict"><c>decoded</c>, <c>damaged</c> or <c>too_large</c>.</param>
/// <param name="Width">Points of the first page, as stored.</param>
/// <param name="Height">The same.</param>
/// <param name="Pages">How many are shown.</param>
internal sealed record PictureFacts(string Verdict, uint Width = 0, uint Height = 0, int Pages = 0);
