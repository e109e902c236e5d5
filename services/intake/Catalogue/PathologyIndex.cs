using System.Numerics;
using System.Text.RegularExpressions;

namespace SecondOpinion.Intake.Catalogue;

/// <summary>One pathology found.</summary>
/// <param name="Matched">The name, synonym, abbreviation or code that was recognised, to show beside the name.</param>
internal sealed record PathologyHit(Pathology Pathology, string Matched, double Score);

/// <summary>
/// Search as you type over names, synonyms, abbreviations and codes, in memory: some thousand phrases, built once. A query word finds the words of the
/// catalogue that are it, begin with it, share its root, sound like it or are an edit or two away; rare words weigh more. A phrase scores by how much of the
/// query it explains, then by how much of it the query says.
/// </summary>
internal sealed partial class PathologyIndex
{
    private const double Synonym = 0.97;
    private const double Scattered = 0.72;
    private const double LeastScore = 0.3;
    private const int RootLength = 6;
    private const double RootShare = 0.65;

    private readonly List<Phrase> _phrases = [];
    private readonly Dictionary<string, Word> _words = [];
    private readonly Dictionary<string, List<Word>> _sounds = [];
    private readonly ILookup<int, Word> _byLength;
    private readonly Word[] _sorted;
    private readonly List<(string Code, int Rank, Pathology Pathology)> _codes = [];
    private readonly double _unknown;

    public PathologyIndex(IReadOnlyList<Pathology> pathologies)
    {
        foreach (var pathology in pathologies)
        {
            Add(pathology, pathology.Name, 1);
            foreach (var text in pathology.Synonyms.Concat(pathology.Abbreviations))
            {
                Add(pathology, text, Synonym);
            }

            _codes.AddRange(pathology.Cim10.Select((code, rank) => (Plain(code), rank, pathology)));
        }

        foreach (var word in _words.Values)
        {
            word.Weight = Math.Log(1 + (double)_phrases.Count / word.Phrases.Count);
            if (!_sounds.TryGetValue(word.Sound, out var same))
            {
                _sounds[word.Sound] = same = [];
            }

            same.Add(word);
        }

        foreach (var phrase in _phrases)
        {
            phrase.Weight = phrase.Words.Sum(w => w.Weight);
        }

        _unknown = Math.Log(1 + _phrases.Count);
        _byLength = _words.Values.ToLookup(w => w.Text.Length);
        _sorted = [.. _words.Values.OrderBy(w => w.Text, StringComparer.Ordinal)];
    }

    /// <summary>Best first; nothing at all rather than far-fetched.</summary>
    public IReadOnlyList<PathologyHit> Search(string query, int limit)
    {
        var normal = Words.Normal(query);
        if (normal.Length == 0)
        {
            return [];
        }

        return IsCode().IsMatch(query.Trim()) && ByCode(Plain(query), limit) is { Count: > 0 } byCode ? byCode : ByWords(normal, limit);
    }

    private void Add(Pathology pathology, string text, double factor)
    {
        var normal = Words.Normal(text);
        var phrase = new Phrase(_phrases.Count, pathology, text, normal, factor);
        foreach (var token in Words.Of(normal).Distinct())
        {
            if (!_words.TryGetValue(token, out var word))
            {
                _words[token] = word = new Word(token);
            }

            word.Phrases.Add(phrase);
            phrase.Words.Add(word);
        }

        _phrases.Add(phrase);
    }

    private List<PathologyHit> ByCode(string code, int limit) =>
    [
        .. _codes.Where(c => c.Code.StartsWith(code, StringComparison.Ordinal) || code.Length > 3 && code.StartsWith(c.Code, StringComparison.Ordinal))
            .Select(c => (c.Pathology, Score: (c.Code == code ? 2 : 1) - c.Rank * 0.05, c.Code))
            .GroupBy(c => c.Pathology)
            .Select(g => g.MaxBy(c => c.Score))
            .OrderByDescending(c => c.Score)
            .Take(limit)
            .Select(c => new PathologyHit(c.Pathology, c.Code.Length > 3 ? c.Code.Insert(3, ".") : c.Code, c.Score)),
    ];

    private List<PathologyHit> ByWords(string normal, int limit)
    {
        var tokens = Words.Of(normal).Distinct().Take(12).ToArray();
        // What is being typed: its last word may be only begun.
        var found = tokens.Select((token, i) => Matches(token, isLast: i == tokens.Length - 1)).ToArray();
        var weights = found.Select(matches => matches.Count > 0 ? matches.Max(m => m.Word.Weight) : _unknown).ToArray();
        var total = weights.Sum();

        var byPhrase = new Dictionary<Phrase, Tally>();
        var byPathology = new Dictionary<Pathology, (double[] Best, Phrase First)>();
        for (var i = 0; i < found.Length; i++)
        {
            foreach (var (word, likeness) in found[i])
            {
                foreach (var phrase in word.Phrases)
                {
                    if (!byPhrase.TryGetValue(phrase, out var tally))
                    {
                        byPhrase[phrase] = tally = new Tally(new double[tokens.Length]);
                    }

                    tally.Said += likeness > tally.Best[i] ? (likeness - tally.Best[i]) * word.Weight : 0;
                    tally.Best[i] = Math.Max(tally.Best[i], likeness);
                    if (!byPathology.TryGetValue(phrase.Pathology, out var whole))
                    {
                        byPathology[phrase.Pathology] = whole = (new double[tokens.Length], phrase);
                    }

                    whole.Best[i] = Math.Max(whole.Best[i], likeness);
                }
            }
        }

        var hits = new Dictionary<Pathology, PathologyHit>();
        foreach (var (phrase, tally) in byPhrase)
        {
            var explained = Explained(tally.Best, weights) / total;
            var said = Math.Min(1, tally.Said / phrase.Weight);
            var score = phrase.Factor * explained * (0.7 + 0.3 * said) + Bonus(phrase, normal);
            if (!hits.TryGetValue(phrase.Pathology, out var best) || score > best.Score)
            {
                hits[phrase.Pathology] = new PathologyHit(phrase.Pathology, phrase.Text, score);
            }
        }

        // Words of one query spread over several phrases of one pathology: « douleur règles infertilité ».
        foreach (var (pathology, (best, first)) in byPathology)
        {
            var score = Scattered * Explained(best, weights) / total;
            if (score > hits[pathology].Score)
            {
                hits[pathology] = new PathologyHit(pathology, hits[pathology].Matched, score);
            }
        }

        return
        [
            .. hits.Values.Where(h => h.Score >= LeastScore)
                .OrderByDescending(h => h.Score)
                .ThenBy(h => h.Pathology.Rare)
                .ThenBy(h => h.Pathology.Name.Length)
                .Take(limit),
        ];
    }

    private static double Explained(double[] best, double[] weights)
    {
        var sum = 0.0;
        for (var i = 0; i < best.Length; i++)
        {
            sum += best[i] * weights[i];
        }

        return sum;
    }

    private static double Bonus(Phrase phrase, string normal) =>
        phrase.Normal == normal ? 0.5 : phrase.Normal.StartsWith(normal, StringComparison.Ordinal) ? 0.12 * phrase.Factor : 0;

    /// <summary>Words of the catalogue that this word may mean, each with how alike they are.</summary>
    private List<(Word Word, double Likeness)> Matches(string token, bool isLast)
    {
        var matches = new Dictionary<Word, double>();
        void Note(Word word, double likeness) => matches[word] = Math.Max(matches.GetValueOrDefault(word), likeness);

        if (_words.TryGetValue(token, out var exact))
        {
            Note(exact, 1);
        }

        foreach (var word in StartingWith(token))
        {
            Note(word, (isLast ? 0.92 : 0.8) - 0.02 * Math.Min(5, word.Text.Length - token.Length));
        }

        // Words of one family: « hyperactif » and « hyperactivité », « dépressif » and « dépression ».
        if (token.Length >= RootLength)
        {
            foreach (var word in StartingWith(token[..RootLength]))
            {
                var same = token.AsSpan().CommonPrefixLength(word.Text);
                if (same >= RootShare * Math.Max(token.Length, word.Text.Length))
                {
                    Note(word, 0.7);
                }
            }
        }

        foreach (var word in _sounds.GetValueOrDefault(Words.Sound(token)) ?? [])
        {
            Note(word, 0.88);
        }

        if (token.Length >= 4 && token.Any(char.IsAsciiLetter))
        {
            var most = token.Length >= 8 ? 2 : 1;
            var letters = Words.Letters(token);
            for (var length = token.Length - most; length <= token.Length + most; length++)
            {
                foreach (var word in _byLength[length])
                {
                    // One edit changes at most two letters of the set: most words are ruled out without being compared.
                    if (BitOperations.PopCount(letters ^ word.Letters) > 2 * most)
                    {
                        continue;
                    }

                    var edits = Words.Distance(token, word.Text, most);
                    if (edits <= most)
                    {
                        Note(word, 0.9 - 0.12 * edits);
                    }
                }
            }
        }

        return [.. matches.Select(m => (m.Key, m.Value))];
    }

    private IEnumerable<Word> StartingWith(string prefix)
    {
        // Two letters begin too many words.
        if (prefix.Length < 3)
        {
            yield break;
        }

        var at = Array.BinarySearch(_sorted, new Word(prefix), Word.ByText);
        for (var i = at < 0 ? ~at : at; i < _sorted.Length && _sorted[i].Text.StartsWith(prefix, StringComparison.Ordinal); i++)
        {
            yield return _sorted[i];
        }
    }

    private static string Plain(string code) => code.Trim().Replace(".", "", StringComparison.Ordinal).ToUpperInvariant();

    [GeneratedRegex(@"^[A-Za-z]\d\d(\.?\d{0,3})?$")]
    private static partial Regex IsCode();

    private sealed class Word(string text)
    {
        public static readonly Comparer<Word> ByText = Comparer<Word>.Create((a, b) => string.CompareOrdinal(a.Text, b.Text));

        public string Text { get; } = text;

        public string Sound { get; } = Words.Sound(text);

        public uint Letters { get; } = Catalogue.Words.Letters(text);

        public List<Phrase> Phrases { get; } = [];

        public double Weight { get; set; }
    }

    private sealed class Phrase(int id, Pathology pathology, string text, string normal, double factor)
    {
        public Pathology Pathology { get; } = pathology;

        public string Text { get; } = text;

        public string Normal { get; } = normal;

        /// <summary>A name counts a little more than a synonym.</summary>
        public double Factor { get; } = factor;

        public List<Word> Words { get; } = [];

        public double Weight { get; set; }

        public override int GetHashCode() => id;

        public override bool Equals(object? obj) => ReferenceEquals(this, obj);
    }

    private sealed class Tally(double[] best)
    {
        public double[] Best { get; } = best;

        /// <summary>Weight of the phrase's words that the query says.</summary>
        public double Said { get; set; }
    }
}
