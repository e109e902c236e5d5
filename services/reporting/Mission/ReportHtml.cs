using System.Globalization;
using System.Text;
using System.Text.Encodings.Web;
using System.Text.Unicode;

namespace SecondOpinion.Reporting.Mission;

/// <summary>A mission report as one accessible page: nothing in it is loaded from elsewhere, and whatever somebody wrote is text.</summary>
internal static class ReportHtml
{
    private static readonly HtmlEncoder Encoder = HtmlEncoder.Create(UnicodeRanges.All);

    public static byte[] Write(MissionReport report)
    {
        var page = new StringBuilder();
        page.Append("<!DOCTYPE html>\n<html lang=\"fr\">\n<head>\n<meta charset=\"utf-8\">\n"
            + "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n");
        Element("title", ReportText.Title(report));
        page.Append("<style>body{font:1rem/1.5 sans-serif;max-width:70rem;margin:2rem auto;padding:0 1rem;color:#212529}table{border-collapse:collapse;"
            + "width:100%}caption{text-align:left;font-weight:bold}th,td{border:1px solid #50585e;padding:.3rem .5rem;text-align:left;vertical-align:top}"
            + "h1,h2{color:#0f4c5c}code{overflow-wrap:anywhere}</style>\n</head>\n<body>\n<main>\n");
        Element("h1", ReportText.Title(report));
        Element("p", ReportText.Introduction(report));
        foreach (var commitment in report.Commitments)
        {
            Commitment(commitment);
        }

        if (report.Doubts.Count > 0)
        {
            Element("h2", ReportText.DoubtsHead);
            Element("p", ReportText.DoubtsIntroduction);
            List(report.Doubts.Select(d => d.Sentence));
        }

        if (report.Conclusion.Length > 0)
        {
            Element("h2", ReportText.ConclusionHead);
            Text(report.Conclusion);
        }

        if (report.Members.Count > 0)
        {
            Element("h2", ReportText.MembersHead);
            List(report.Members.Select(m => $"{m.Name}, {m.Role}"));
        }

        Element("h2", ReportText.NotesHead);
        page.Append("<ol>\n");
        foreach (var note in report.Notes)
        {
            page.Append(CultureInfo.InvariantCulture, $"<li id=\"note-{note.Number}\">{Encoder.Encode(ReportText.Note(note))}</li>\n");
        }

        page.Append("</ol>\n");
        Element("h2", ReportText.SealHead);
        foreach (var sentence in ReportText.Seal(report))
        {
            page.Append(CultureInfo.InvariantCulture, $"<p><code>{Encoder.Encode(sentence)}</code></p>\n");
        }

        page.Append("</main>\n</body>\n</html>\n");
        return Encoding.UTF8.GetBytes(page.ToString());

        void Commitment(MissionReport.CommitmentFigures commitment)
        {
            var title = $"{commitment.Number}. {commitment.Title}";
            Element("h2", title);
            page.Append("<table>\n");
            Element("caption", $"Indicateurs de l'engagement {commitment.Number}");
            page.Append("<thead><tr>");
            foreach (var head in ReportText.Heads(report))
            {
                page.Append(CultureInfo.InvariantCulture, $"<th scope=\"col\">{Encoder.Encode(head)}</th>");
            }

            page.Append("</tr></thead>\n<tbody>\n");
            foreach (var line in commitment.Lines)
            {
                page.Append(CultureInfo.InvariantCulture, $"<tr><th scope=\"row\">{Encoder.Encode(line.Label)} ");
                page.Append(CultureInfo.InvariantCulture, $"<a href=\"#note-{line.Note}\">[{line.Note}]</a></th>");
                foreach (var cell in ReportText.Row(line).Skip(1))
                {
                    page.Append(CultureInfo.InvariantCulture, $"<td>{Encoder.Encode(cell)}</td>");
                }

                page.Append("</tr>\n");
            }

            page.Append("</tbody>\n</table>\n");
            if (commitment.Comment.Length > 0)
            {
                Element("h3", ReportText.CommentHead);
                Text(commitment.Comment);
            }
        }

        void Element(string name, string text) => page.Append(CultureInfo.InvariantCulture, $"<{name}>{Encoder.Encode(text)}</{name}>\n");

        void Text(string text)
        {
            foreach (var paragraph in text.Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries))
            {
                Element("p", paragraph);
            }
        }

        void List(IEnumerable<string> items)
        {
            page.Append("<ul>\n");
            foreach (var item in items)
            {
                Element("li", item);
            }

            page.Append("</ul>\n");
        }
    }
}
