using System.IO.Compression;
using System.Text;

namespace SecondOpinion.Intake.Documents.Recognition;

/// <summary>
/// Does a PDF do things when it is opened: scripts, launched programs, forms that send, files within. Every name in the file counts, also one spelled with
/// <c>#</c>, also those of
/// objects in compressed object streams; where a stream of objects cannot be read (encrypted, another filter), the file counts as active. Nothing is skipped
/// by lengths or keywords that another reader might understand differently, so that bytes which only look like such a name mark a file needlessly: it can
/// still be saved.
/// </summary>
internal static class PdfActions
{
    private const int LongestName = 64;
    private const int Dictionary = 4096;

    /// <summary>Bytes of one object stream that are looked at; a longer one is taken for active.</summary>
    private const int MostInflated = 16 * 1024 * 1024;

    /// <summary>ISO 32000-2: actions (12.6.4), embedded files (7.11.4), rich media, XFA forms. Links to the web and places in the file are not among
    /// them.</summary>
    private static readonly HashSet<string> Names =
        ["JavaScript", "Launch", "EmbeddedFile", "EmbeddedFiles", "RichMedia", "XFA", "SubmitForm", "ImportData", "Rendition", "GoToR", "GoToE", "Movie",
            "Sound"];

    public static bool Any(Stream file)
    {
        file.Position = 0;
        var streams = new List<long>();
        if (Scan(file, streams))
        {
            return true;
        }

        return streams.Exists(start => InObjectStream(file, start));
    }

    /// <param name="streams">Receives where the bodies of object streams begin.</param>
    private static bool Scan(Stream bytes, List<long>? streams)
    {
        var buffer = new byte[64 * 1024];
        var name = new StringBuilder();
        var word = new StringBuilder();
        var (inName, hex) = (false, -1);
        long position = 0, objects = long.MinValue / 2;
        while (bytes.ReadAtLeast(buffer, buffer.Length, throwOnEndOfStream: false) is > 0 and var read)
        {
            for (var i = 0; i < read; i++, position++)
            {
                var c = (char)buffer[i];
                if (!IsRegular(c))
                {
                    if (inName && Ends(name, ref objects, position))
                    {
                        return true;
                    }

                    if (streams is not null && position - objects < Dictionary && word.ToString() == "stream")
                    {
                        streams.Add(position);
                        objects = long.MinValue / 2;
                    }

                    inName = c == '/';
                    hex = -1;
                    name.Clear();
                    word.Clear();
                }
                else if (inName)
                {
                    Spell(name, c, ref hex);
                }
                else if (word.Length < 8)
                {
                    word.Append(c);
                }
            }
        }

        return inName && Ends(name, ref objects, position);
    }

    private static bool Ends(StringBuilder name, ref long objects, long position)
    {
        var text = name.ToString();
        if (text == "ObjStm")
        {
            objects = position;
        }

        return Names.Contains(text);
    }

    /// <summary><c>#53</c> in a name is the character of that code.</summary>
    private static void Spell(StringBuilder name, char c, ref int hex)
    {
        if (name.Length >= LongestName)
        {
            return;
        }

        if (c == '#')
        {
            hex = 0x100;
        }
        else if (hex >= 0x100 && char.IsAsciiHexDigit(c))
        {
            hex = hex < 0x1000 ? 0x1000 + Convert.ToInt32(c.ToString(), 16) : Done(name, ((hex - 0x1000) << 4) + Convert.ToInt32(c.ToString(), 16));
        }
        else
        {
            hex = -1;
            name.Append(c);
        }

        static int Done(StringBuilder name, int code)
        {
            name.Append((char)code);
            return -1;
        }
    }

    private static bool InObjectStream(Stream file, long start)
    {
        file.Position = start;
        // The keyword ends with CR LF or LF; anything before the two bytes of a zlib header is passed over.
        int b;
        do
        {
            b = file.ReadByte();
        }
        while (b is '\r' or '\n' or ' ');
        file.Position--;
        try
        {
            using var inflated = new ZLibStream(file, CompressionMode.Decompress, leaveOpen: true);
            using var bounded = new MemoryStream();
            var buffer = new byte[64 * 1024];
            while (inflated.Read(buffer) is > 0 and var read)
            {
                bounded.Write(buffer, 0, read);
                if (bounded.Length > MostInflated)
                {
                    return true;
                }
            }

            bounded.Position = 0;
            return Scan(bounded, null);
        }
        catch (InvalidDataException)
        {
            // Not plain Flate: nobody here can say what it holds.
            return true;
        }
    }

    private static bool IsRegular(char c) =>
        c is not ('\0' or '\t' or '\n' or '\f' or '\r' or ' ' or '(' or ')' or '<' or '>' or '[' or ']' or '{' or '}' or '/' or '%');
}
