using System.Text;
using SecondOpinion.Intake.Documents.Recognition;

namespace SecondOpinion.Tests.Intake.Documents;

/// <summary>A file is what its content says, whole or refused.</summary>
public sealed class RecognitionTests
{
    public static TheoryData<string> Whole => ["compte-rendu.pdf", "biologie.pdf", "irm.dcm"];

    public static TheoryData<string> Syntaxes =>
    [
        DicomBuilder.ImplicitLittleEndian, DicomBuilder.ExplicitLittleEndian, DicomBuilder.Deflated, DicomBuilder.ExplicitBigEndian, DicomBuilder.JpegBaseline,
    ];

    [Theory]
    [MemberData(nameof(Whole))]
    public void The_documents_of_the_sample_case_are_accepted(string name) =>
        Of(Sample(name)).ShouldBeOfType<Recognised.Accepted>().MediaType
            .ShouldBe(name.EndsWith(".pdf", StringComparison.Ordinal) ? FileKind.Pdf : FileKind.Dicom);

    [Theory]
    [MemberData(nameof(Whole))]
    public void A_sample_cut_anywhere_is_damaged(string name)
    {
        var whole = Sample(name);
        foreach (var length in Enumerable.Range(1, 40).Select(i => whole.Length * i / 41).Append(whole.Length - 9).Where(l => l > 2000))
        {
            Of(whole[..length]).ShouldBeOfType<Recognised.Damaged>($"cut at {length} of {whole.Length}");
        }
    }

    [Theory]
    [MemberData(nameof(Syntaxes))]
    public void Dicom_is_accepted_in_each_transfer_syntax(string syntax) =>
        Of(DicomBuilder.Image(syntax)).ShouldBeOfType<Recognised.Accepted>().MediaType.ShouldBe(FileKind.Dicom);

    [Theory]
    [MemberData(nameof(Syntaxes))]
    public void Dicom_cut_at_any_byte_is_never_accepted(string syntax)
    {
        var whole = DicomBuilder.Image(syntax);
        // The last bytes of a deflated stream may hold nothing but its end mark.
        var last = syntax == DicomBuilder.Deflated ? whole.Length - 4 : whole.Length;
        for (var length = 133; length < last; length++)
        {
            Of(whole[..length]).ShouldBeOfType<Recognised.Damaged>($"cut at {length} of {whole.Length}");
        }
    }

    [Theory]
    [InlineData("MZ", "windows_executable")]
    [InlineData("\u007fELF", "elf_executable")]
    [InlineData("#!/bin/sh", "script")]
    [InlineData("PK\u0003\u0004", "archive")]
    [InlineData("%PDF-1.7", "pdf")]
    public void A_program_in_the_preamble_of_a_dicom_file_is_refused(string start, string found)
    {
        var preamble = new byte[128];
        Encoding.Latin1.GetBytes(start).CopyTo(preamble, 0);

        Of(DicomBuilder.Image(DicomBuilder.ExplicitLittleEndian, preamble)).ShouldBe(new Recognised.Disguised(found));
    }

    [Theory]
    [InlineData("II*\0")]
    [InlineData("MM\0*")]
    [InlineData("II+\0")]
    [InlineData("MM\0+")]
    [InlineData("VENDOR WORKSTATION 4.2")]
    public void A_dicom_file_whose_preamble_is_a_tiff_or_a_devices_words_is_accepted(string start)
    {
        var preamble = new byte[128];
        Encoding.Latin1.GetBytes(start).CopyTo(preamble, 0);

        Of(DicomBuilder.Image(DicomBuilder.ExplicitLittleEndian, preamble)).ShouldBeOfType<Recognised.Accepted>().MediaType.ShouldBe(FileKind.Dicom);
    }

    [Fact]
    public void Dicom_whose_elements_are_out_of_order_is_read_as_readers_read_it() =>
        Of(DicomBuilder.Image(DicomBuilder.ExplicitLittleEndian, more: b => b.Element(0x0008, 0x0060, "CS", "MR"u8.ToArray())))
            .ShouldBeOfType<Recognised.Accepted>().MediaType.ShouldBe(FileKind.Dicom);

    [Fact]
    public void A_bomb_of_nested_lists_is_refused_without_a_crash()
    {
        var deep = DicomBuilder.Image(DicomBuilder.ImplicitLittleEndian, more: b =>
        {
            for (var i = 0; i < 100_000; i++)
            {
                b.Header(0x0040, 0xA730, "SQ", 0xFFFFFFFF);
                b.Header(0xFFFE, 0xE000, "", 0xFFFFFFFF);
            }
        });

        Of(deep).ShouldBeOfType<Recognised.Damaged>();
    }

    [Theory]
    [InlineData("MZ\u0090\0", typeof(Recognised.Disguised))]
    [InlineData("#!/bin/bash\nrm", typeof(Recognised.Disguised))]
    [InlineData("  <SCRIPT>alert(1)</SCRIPT>", typeof(Recognised.Disguised))]
    [InlineData("<!DOCTYPE html><html>", typeof(Recognised.Disguised))]
    [InlineData("PK\u0003\u0004", typeof(Recognised.Damaged))]
    [InlineData("\0\0\0\0", typeof(Recognised.Unknown))]
    [InlineData("%PDF-1.7\n", typeof(Recognised.Damaged))]
    [InlineData("", typeof(Recognised.Empty))]
    public void Anything_else_is_refused(string content, Type expected) => Of(Encoding.Latin1.GetBytes(content)).ShouldBeOfType(expected);

    private static Recognised Of(byte[] content) => FileKind.Of(new MemoryStream(content));

    private static byte[] Sample(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "samples", name));
}
