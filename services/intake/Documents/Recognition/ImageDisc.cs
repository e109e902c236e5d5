using System.Buffers.Binary;
using System.Globalization;

namespace SecondOpinion.Intake.Documents.Recognition;

/// <summary>
/// The CD of a hospital as a ZIP: its images, by study and series. Viewers, autorun programs, indexes and pictures of the hospital are left out; what is
/// shown is a ZIP of the images alone, in folders of our own names, each byte as it was packed.
/// </summary>
internal static class ImageDisc
{
    /// <summary>What all files of a CD may unfold to; a DVD of two layers has 8.5 GB.</summary>
    private const long MostUnfolded = 9L * 1000 * 1000 * 1000;

    /// <summary>One image file and where it belongs.</summary>
    internal sealed record Image(ZipEntry Entry, DicomFacts Facts);

    /// <returns>Accepted with its images, or why not.</returns>
    public static Recognised Check(Stream file, IReadOnlyList<ZipEntry> entries)
    {
        var images = new List<Image>();
        var (hasIndex, unfolded) = (false, 0L);
        foreach (var entry in entries.Where(e => !e.IsFolder))
        {
            using var packed = new EntryStream(file, entry);
            using var plain = packed.Unfold();
            var head = new byte[1024];
            var length = plain.ReadAtLeast(head, head.Length, throwOnEndOfStream: false);
            if (DicomFile.LooksLike(head.AsSpan(0, length)) && DicomFile.Preamble(head.AsSpan(0, length)) is null)
            {
                packed.Position = 0;
                using var again = packed.Unfold();
                switch (DicomFile.CheckUnfolding(again, head.AsSpan(0, length)))
                {
                    case Recognised.Accepted { Dicom: { } facts }:
                        again.Drain();
                        if (again.Crc != entry.Crc || again.Produced != entry.Size)
                        {
                            return new Recognised.Damaged(FileKind.Disc, "Une image du CD est abîmée.");
                        }

                        images.Add(new Image(entry, facts));
                        break;
                    case Recognised.IndexOnly:
                        hasIndex = true;
                        break;
                    case Recognised.Damaged damaged:
                        return damaged with { MediaType = FileKind.Disc };
                }

                unfolded += again.Produced;
            }

            if (unfolded > MostUnfolded)
            {
                return new Recognised.Damaged(FileKind.Disc, "L'archive se déplie en un volume démesuré.");
            }
        }

        return images.Count > 0 ? new Recognised.Accepted(FileKind.Disc, Disc: new Disc(images, entries.Count(e => !e.IsFolder) - images.Count))
            : hasIndex ? new Recognised.IndexOnly()
            : new Recognised.Unknown();
    }

    /// <summary>A ZIP of the images: packed bytes are copied as they are.</summary>
    public static async Task Write(Stream file, Disc disc, Func<ReadOnlyMemory<byte>, ValueTask> write)
    {
        long at = 0;
        var table = new MemoryStream();
        var buffer = new byte[256 * 1024];
        async ValueTask Put(ReadOnlyMemory<byte> bytes)
        {
            await write(bytes);
            at += bytes.Length;
        }

        foreach (var (image, name) in disc.Named())
        {
            var place = at;
            await Put(Head(image.Entry, name, central: false, 0));
            using var packed = new EntryStream(file, image.Entry);
            int read;
            while ((read = packed.Read(buffer)) > 0)
            {
                await Put(buffer.AsMemory(0, read));
            }

            table.Write(Head(image.Entry, name, central: true, place));
        }

        var start = at;
        await Put(table.ToArray());
        var end = new byte[98];
        "PK\u0006\u0006"u8.CopyTo(end);
        BinaryPrimitives.WriteInt64LittleEndian(end.AsSpan(4), 44);
        BinaryPrimitives.WriteInt16LittleEndian(end.AsSpan(12), 45);
        BinaryPrimitives.WriteInt16LittleEndian(end.AsSpan(14), 45);
        BinaryPrimitives.WriteInt64LittleEndian(end.AsSpan(24), disc.Images.Count);
        BinaryPrimitives.WriteInt64LittleEndian(end.AsSpan(32), disc.Images.Count);
        BinaryPrimitives.WriteInt64LittleEndian(end.AsSpan(40), table.Length);
        BinaryPrimitives.WriteInt64LittleEndian(end.AsSpan(48), start);
        "PK\u0006\u0007"u8.CopyTo(end.AsSpan(56));
        BinaryPrimitives.WriteInt64LittleEndian(end.AsSpan(64), start + table.Length);
        BinaryPrimitives.WriteInt32LittleEndian(end.AsSpan(72), 1);
        "PK\u0005\u0006"u8.CopyTo(end.AsSpan(76));
        end.AsSpan(84, 12).Fill(0xFF);
        await Put(end);
    }

    /// <summary>Sizes are in the 64-bit field throughout: one form for any CD.</summary>
    private static byte[] Head(ZipEntry entry, string name, bool central, long place)
    {
        var fixedSize = central ? 46 : 30;
        var extra = central ? 28 : 20;
        var head = new byte[fixedSize + name.Length + extra];
        var at = central ? 2 : 0;
        (central ? "PK\u0001\u0002"u8 : "PK\u0003\u0004"u8).CopyTo(head);
        if (central)
        {
            BinaryPrimitives.WriteInt16LittleEndian(head.AsSpan(4), 45);
        }

        BinaryPrimitives.WriteInt16LittleEndian(head.AsSpan(4 + at), 45);
        BinaryPrimitives.WriteInt16LittleEndian(head.AsSpan(8 + at), (short)(entry.IsStored ? 0 : 8));
        BinaryPrimitives.WriteUInt16LittleEndian(head.AsSpan(12 + at), 0x21); // 1980-01-01: dates of files may be those of the examination
        BinaryPrimitives.WriteUInt32LittleEndian(head.AsSpan(14 + at), entry.Crc);
        head.AsSpan(18 + at, 8).Fill(0xFF);
        BinaryPrimitives.WriteInt16LittleEndian(head.AsSpan(26 + at), (short)name.Length);
        BinaryPrimitives.WriteInt16LittleEndian(head.AsSpan(28 + at), (short)extra);
        if (central)
        {
            head.AsSpan(42, 4).Fill(0xFF);
        }

        System.Text.Encoding.ASCII.GetBytes(name).CopyTo(head, fixedSize);
        var field = head.AsSpan(fixedSize + name.Length);
        BinaryPrimitives.WriteInt16LittleEndian(field, 1);
        BinaryPrimitives.WriteInt16LittleEndian(field[2..], (short)(extra - 4));
        BinaryPrimitives.WriteInt64LittleEndian(field[4..], entry.Size);
        BinaryPrimitives.WriteInt64LittleEndian(field[12..], entry.Packed);
        if (central)
        {
            BinaryPrimitives.WriteInt64LittleEndian(field[20..], place);
        }

        return head;
    }
}

/// <summary>The images of a CD.</summary>
/// <param name="Images">In the order of the archive.</param>
/// <param name="LeftOut">Files that are none: viewers, autorun, indexes.</param>
internal sealed record Disc(IReadOnlyList<ImageDisc.Image> Images, int LeftOut)
{
    /// <summary>Each image with its name: study, series, number.</summary>
    public IEnumerable<(ImageDisc.Image Image, string Name)> Named() =>
        Groups().SelectMany(s => s.Images.Select((image, i) => (image, string.Create(CultureInfo.InvariantCulture,
            $"STUDY{s.Study:D2}/SERIES{s.Series:D3}/IM{i + 1:D5}.dcm"))));

    public IReadOnlyList<SeriesFacts> Series() =>
        [.. Groups().Select(s => new SeriesFacts(
            s.Study, s.Images[0].Facts.StudyDate, s.Images[0].Facts.Modality, s.Series, s.Images[0].Facts.SeriesDescription,
            s.Images.Sum(i => i.Facts.Frames)))];

    private IEnumerable<(int Study, int Series, List<ImageDisc.Image> Images)> Groups() =>
        Images.GroupBy(i => i.Facts.StudyUid).OrderBy(s => s.Min(i => i.Facts.StudyDate)).SelectMany((study, s) =>
            study.GroupBy(i => i.Facts.SeriesUid).OrderBy(x => x.Min(i => i.Facts.SeriesNumber)).Select((series, n) =>
                (s + 1, n + 1, series.OrderBy(i => i.Facts.InstanceNumber).ToList())));
}
