using System.Globalization;
using System.Diagnostics;

namespace SecondOpinion.Tests.Support;

/// <summary>Reads a PDF with other people's programs: poppler's pdftotext and pdfinfo, and qpdf.</summary>
public sealed class ReadPdf : IDisposable
{
    private readonly string _path = Path.Combine(Path.GetTempPath(), $"{Guid.CreateVersion7()}.pdf");

    private ReadPdf(byte[] bytes) => File.WriteAllBytes(_path, bytes);

    /// <summary>As it stands on the pages.</summary>
    public string Text => Run("pdftotext", "-enc", "UTF-8", _path, "-");

    /// <summary>Title, language, pages…: one line each.</summary>
    public string Properties => Run("pdfinfo", _path);

    /// <summary>The description inside (XMP).</summary>
    public string Description => Run("pdfinfo", "-meta", _path);

    /// <summary>The structure's elements with their text, as a reader program says them.</summary>
    public string Structure => Run("pdfinfo", "-struct-text", _path);

    /// <summary>Objects in plain text.</summary>
    public string Objects => Run("qpdf", "--qdf", "--object-streams=disable", _path, "-");

    /// <summary>The bytes of a file within the file.</summary>
    public string Attached(string name) => Run("qpdf", $"--show-attachment={name}", _path);

    /// <summary>Embedded fonts, one line each.</summary>
    public string Fonts => Run("pdffonts", _path);

    /// <summary>What poppler says of its signatures; the certificate itself is nobody's it knows.</summary>
    public string Signatures => Run("pdfsig", "-nocert", _path);

    public int Pages => int.Parse(Properties.Split('\n').Single(l => l.StartsWith("Pages:", StringComparison.Ordinal))[6..], CultureInfo.InvariantCulture);

    public static ReadPdf Of(byte[] bytes) => new(bytes);

    /// <summary>Fails on any error or warning of qpdf.</summary>
    public void MustBeSound()
    {
        var answer = Run("qpdf", "--check", _path);
        if (!answer.Contains("No syntax or stream encoding errors found", StringComparison.Ordinal))
        {
            throw new InvalidOperationException(answer);
        }
    }

    public void Dispose() => File.Delete(_path);

    private static string Run(string program, params string[] arguments)
    {
        using var process = Process.Start(new ProcessStartInfo(program, arguments) { RedirectStandardOutput = true, RedirectStandardError = true })!;
        var errors = process.StandardError.ReadToEndAsync();
        var output = process.StandardOutput.ReadToEnd();
        process.WaitForExit();
        if (process.ExitCode != 0)
        {
            throw new InvalidOperationException($"{program} ended with {process.ExitCode}: {errors.Result}\n{output}");
        }

        return output;
    }
}
