using System.Globalization;
using System.Text.Json;

namespace SecondOpinion.Bench.Eligibility;

/// <summary>What was measured: printed as a table and written to artifacts/bench.</summary>
internal sealed class Figures
{
    private readonly Dictionary<string, double> _values = [];

    public double this[string name] => _values[name];

    public void Add(string name, double value)
    {
        _values[name] = Math.Round(value, 3);
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"  {name,-40} {value,16:N2}"));
    }

    public void Write(string name)
    {
        var folder = Directory.CreateDirectory(Path.Combine("artifacts", "bench")).FullName;
        var path = Path.Combine(folder, $"{name}.json");
        File.WriteAllText(path, JsonSerializer.Serialize(new { name, figures = _values }, new JsonSerializerOptions { WriteIndented = true }));
        Console.WriteLine($"Written to {Path.GetRelativePath(Environment.CurrentDirectory, path)}");
    }

    public static double Percentile(double[] sorted, double share) =>
        sorted.Length == 0 ? double.NaN : sorted[(int)Math.Min(sorted.Length - 1, Math.Ceiling(sorted.Length * share) - 1)];
}
