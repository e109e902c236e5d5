using System.IO.Compression;
using System.Text;
using ImageMagick;
using Microsoft.Extensions.Logging.Abstractions;
using SecondOpinion.Intake.Documents.Pictures;
using SecondOpinion.Intake.Documents.Recognition;

namespace SecondOpinion.Tests.Intake.Documents;

/// <summary>Pictures, archives and letters made by code for tests.</summary>
internal static class Samples
{
    /// <summary>64 × 48 points of a gradient, encoded by libheif and x265 as phones do: no encoder for it is at hand here.</summary>
    public static readonly byte[] Heic = Convert.FromBase64String(
        "AAAAHGZ0eXBoZWljAAAAAG1pZjFoZWljbWlhZgAAAa1tZXRhAAAAAAAAACFoZGxyAAAAAAAAAABwaWN0AAAAAAAAAAAAAAAAAAAAAA5waXRtAAAAAAACAAAA"
        + "EGlkYXQAAAAAAEAAMAAAADhpbG9jAQAAAERAAAIAAQAAAAAAAAHRAAEAAAAAAAAASAACAAEAAAAAAAAAAQAAAAAAAAAIAAAAOGlpbmYAAAAAAAIAAAAVaW5m"
        + "ZQIAAAEAAQAAaHZjMQAAAAAVaW5mZQIAAAAAAgAAZ3JpZAAAAADYaXBycAAAALZpcGNvAAAAdmh2Y0MBA3AAAAAAAAAAAAAe8AD8/fj4AAAPAyAAAQAYQAEM"
        + "Af//A3AAAAMAkAAAAwAAAwAeugJAIQABACpCAQEDcAAAAwCQAAADAAADAB6gIIEFlurkprm4EBAwIAAAAwAgAAADACEiAAEABkQBwXPAiQAAABRpc3BlAAAA"
        + "AAAAAEAAAABAAAAAFGlzcGUAAAAAAAAAQAAAADAAAAAQcGl4aQAAAAADCAgIAAAAGmlwbWEAAAAAAAAAAgABAoECAAICA4QAAAAaaXJlZgAAAAAAAAAOZGlt"
        + "ZwACAAEAAQAAAFBtZGF0AAAARCgBrxmA71BJjpGz79llI/5cBx7Wb9fnzFvDD48ahiGxqjjFgbBpmYbVXZFuzX1ysqJrIDlEsTTq6I8QkF8l6bk0xfhb");

    /// <summary>What becomes of a file: recognised, and when it is a picture, decoded.</summary>
    public static async Task<string> Verdict(byte[] file)
    {
        var recognised = FileKind.Of(new MemoryStream(file));
        if (recognised is Recognised.Picture picture)
        {
            var decoded = await Decode(file, picture.MediaType);
            return decoded.Facts.Verdict switch { "decoded" => picture.MediaType, "too_large" => "too large", var other => other };
        }

        return recognised switch
        {
            Recognised.Accepted accepted => accepted.MediaType,
            Recognised.Damaged => "damaged",
            Recognised.Locked => "password",
            Recognised.IndexOnly => "index of a CD",
            Recognised.Disguised => "disguised",
            Recognised.Unsafe => "harmful",
            Recognised.Empty => "empty",
            _ => "unknown",
        };
    }

    public static Task<PictureReader.Decoded> Decode(byte[] file, string mediaType, MemoryStream? shown = null) =>
        new PictureReader(NullLogger<PictureReader>.Instance).Read(new MemoryStream(file), mediaType, s => s.CopyToAsync(shown ?? new MemoryStream()));

    public static byte[] Picture(MagickFormat format, int pages = 1)
    {
        using var all = new MagickImageCollection();
        for (var i = 0; i < pages; i++)
        {
            var image = new MagickImage(MagickColors.White, 64, 48);
            using var points = image.GetPixels();
            for (var x = 0; x < 64; x++)
            {
                for (var y = 0; y < 48; y++)
                {
                    points.SetPixel(x, y, [(byte)(x * 4), (byte)(y * 5 + i), (byte)(x * y)]);
                }
            }

            all.Add(image);
        }

        return all.ToByteArray(format);
    }

    /// <summary>A PNG that announces so many points a side and holds almost none.</summary>
    public static byte[] Flood(int side)
    {
        static byte[] Chunk(string kind, byte[] data)
        {
            var body = Encoding.ASCII.GetBytes(kind).Concat(data).ToArray();
            return [.. Big(data.Length), .. body, .. Big((int)Crc32.Append(0, body))];
        }

        static byte[] Big(int value) => [(byte)(value >> 24), (byte)(value >> 16), (byte)(value >> 8), (byte)value];
        using var packed = new MemoryStream();
        using (var zlib = new ZLibStream(packed, CompressionLevel.SmallestSize, leaveOpen: true))
        {
            zlib.Write(new byte[1 << 20]);
        }

        return
        [
            0x89, 0x50, 0x4E, 0x47, 0x0D, 0x0A, 0x1A, 0x0A, .. Chunk("IHDR", [.. Big(side), .. Big(side), 8, 0, 0, 0, 0]), .. Chunk("IDAT", packed.ToArray()),
            .. Chunk("IEND", []),
        ];
    }

    public static byte[] Zip(params (string Name, byte[] Content)[] files)
    {
        using var bytes = new MemoryStream();
        using (var zip = new ZipArchive(bytes, ZipArchiveMode.Create, leaveOpen: true))
        {
            foreach (var (name, content) in files)
            {
                // A word processor's first file says what it is, and is not compressed.
                using var entry = zip.CreateEntry(name, name == "mimetype" ? CompressionLevel.NoCompression : CompressionLevel.Fastest).Open();
                entry.Write(content);
            }
        }

        return bytes.ToArray();
    }

    /// <summary>An image of a study and series, of somebody.</summary>
    public static byte[] Slice(string study, string series, int number, string name = "EXEMPLE^CAMILLE", string birth = "19890417", string modality = "MR") =>
        DicomBuilder.Image(DicomBuilder.ExplicitLittleEndian, more: b =>
        {
            static byte[] Text(string text) => Encoding.ASCII.GetBytes(text.Length % 2 == 0 ? text : text + " ");
            b.Element(0x0008, 0x0020, "DA", Text("20251103"));
            b.Element(0x0008, 0x0060, "CS", Text(modality));
            b.Element(0x0008, 0x103E, "LO", Text("T2 SAG"));
            b.Element(0x0010, 0x0010, "PN", Text(name));
            b.Element(0x0010, 0x0030, "DA", Text(birth));
            b.Element(0x0020, 0x000D, "UI", Text(study));
            b.Element(0x0020, 0x000E, "UI", Text(series));
            b.Element(0x0020, 0x0011, "IS", Text(series[^1..]));
            b.Element(0x0020, 0x0013, "IS", Text($"{number}"));
        });

    /// <summary>As hospitals burn them: images in folders, an index, a viewer that starts by itself.</summary>
    public static byte[] Cd(string name = "EXEMPLE^CAMILLE", string birth = "19890417") => Zip(
        ("DICOMDIR", DicomBuilder.Directory()),
        ("autorun.inf", "[autorun]\r\nopen=viewer.exe"u8.ToArray()),
        ("viewer.exe", [.. "MZ"u8, .. new byte[500]]),
        ("LISEZMOI.TXT", "Double-cliquez"u8.ToArray()),
        ("DICOM/ST1/SE1/IM1", Slice("1.2.1", "1.2.1.1", 1, name, birth)),
        ("DICOM/ST1/SE1/IM2", Slice("1.2.1", "1.2.1.1", 2, name, birth)),
        ("DICOM/ST1/SE2/IM1", Slice("1.2.1", "1.2.1.2", 1, name, birth)),
        ("DICOM/ST2/SE1/IM1", Slice("1.2.2", "1.2.2.1", 1, name, birth, "CT")));

    public static byte[] Cda(string prologue = "") => Encoding.UTF8.GetBytes(
        $"<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{prologue}<ClinicalDocument xmlns=\"urn:hl7-org:v3\"><title>Compte rendu</title></ClinicalDocument>");

    public static byte[] Docx(params (string Name, byte[] Content)[] more) => Zip(
        [("[Content_Types].xml", "<Types/>"u8.ToArray()), ("word/document.xml", "<w:document/>"u8.ToArray()), .. more]);

    /// <summary>Changes bytes of an archive where a name stands in its table of contents.</summary>
    public static byte[] Patched(byte[] zip, Action<byte[], int> patch)
    {
        var at = zip.AsSpan().IndexOf("PK\u0001\u0002"u8);
        patch(zip, at);
        return zip;
    }
}
