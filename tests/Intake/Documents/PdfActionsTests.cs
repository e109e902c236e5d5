using System.IO.Compression;
using System.Text;
using SecondOpinion.Intake.Documents.Recognition;

namespace SecondOpinion.Tests.Intake.Documents;

/// <summary>A PDF that does things when it is opened is known, however it hides them.</summary>
public sealed class PdfActionsTests
{
    public static TheoryData<string, string> Active => new()
    {
        { "a script at the opening", "<< /Type /Catalog /OpenAction << /S /JavaScript /JS (app.alert\\(1\\)) >> >>" },
        { "a name spelled with codes", "<< /S /J#61va#53cript /JS (x) >>" },
        { "a launched program", "<< /S /Launch /F (cmd.exe) >>" },
        { "a file within", "<< /Names << /EmbeddedFiles 5 0 R >> >>" },
        { "an XFA form", "<< /AcroForm << /XFA [] >> >>" },
        { "a form that sends", "<< /S /SubmitForm /F (https://elsewhere.example) >>" },
        { "needlessly: a text that holds such a name, since texts are not skipped", "<< /S /URI /URI (https://example.org/JavaScript) >>" },
        { "at the very end", "<< /A/Launch" },
    };

    [Theory]
    [MemberData(nameof(Active))]
    public void It_is_found(string what, string objects) => PdfActions.Any(Pdf(objects)).ShouldBeTrue(what);

    [Theory]
    [InlineData("<< /Type /Catalog /OpenAction [ 3 0 R /Fit ] >>")]
    [InlineData("<< /S /URI /URI (https://example.org/scripts) >>")]
    [InlineData("<< /Title (JavaScript Launch) >>")]
    [InlineData("<< /Launcher 1 /XFAbc 2 >>")]
    public void What_does_nothing_is_no_action(string objects) => PdfActions.Any(Pdf(objects)).ShouldBeFalse();

    [Fact]
    public void In_a_compressed_object_stream_it_is_found_and_plain_objects_there_are_none()
    {
        PdfActions.Any(ObjectStream("1 0 << /S /JavaScript /JS (x) >>")).ShouldBeTrue();
        PdfActions.Any(ObjectStream("1 0 << /Type /Page >>")).ShouldBeFalse();
    }

    [Fact]
    public void What_cannot_be_read_counts_as_active() =>
        PdfActions.Any(Pdf("<< /Type /ObjStm /N 1 /First 4 >>\nstream\nencrypted, or another filter\nendstream")).ShouldBeTrue();

    [Theory]
    [InlineData("compte-rendu.pdf")]
    [InlineData("biologie.pdf")]
    public void The_sample_reports_are_plain(string name)
    {
        using var file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "samples", name));
        PdfActions.Any(file).ShouldBeFalse();
    }

    private static MemoryStream Pdf(string objects) => new(Encoding.Latin1.GetBytes($"%PDF-1.7\n1 0 obj\n{objects}"));

    private static MemoryStream ObjectStream(string objects)
    {
        var packed = new MemoryStream();
        using (var zip = new ZLibStream(packed, CompressionLevel.Optimal, leaveOpen: true))
        {
            zip.Write(Encoding.Latin1.GetBytes(objects));
        }

        var file = new MemoryStream();
        file.Write("%PDF-1.7\n4 0 obj\n<< /Type /Obj#53tm /Filter /FlateDecode /N 1 /First 4 >>\nstream\r\n"u8);
        file.Write(packed.ToArray());
        file.Write("\nendstream\nendobj\n"u8);
        return file;
    }
}
