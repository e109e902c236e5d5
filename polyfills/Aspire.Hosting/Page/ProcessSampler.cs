using System.Globalization;

namespace Aspire.Hosting.Page;

/// <summary>Processor and memory of each resource's process and everything below it, from /proc. Reads only while somebody looks.</summary>
internal sealed class ProcessSampler(TimeProvider time)
{
    private const double TicksPerSecond = 100;

    private static readonly TimeSpan Pause = TimeSpan.FromSeconds(1);

    private readonly Lock gate = new();
    private Dictionary<int, Reading> last = [];
    private Dictionary<int, double> percent = [];
    private long sampled;

    public void Sample()
    {
        lock (gate)
        {
            var elapsed = sampled == 0 ? TimeSpan.MaxValue : time.GetElapsedTime(sampled);
            if (elapsed < Pause)
            {
                return;
            }

            var now = ReadAll();
            percent = now.ToDictionary(
                static pair => pair.Key,
                pair => last.TryGetValue(pair.Key, out var before) && elapsed != TimeSpan.MaxValue
                    ? Math.Max(0, (pair.Value.Ticks - before.Ticks) / TicksPerSecond / elapsed.TotalSeconds * 100)
                    : 0);
            last = now;
            sampled = time.GetTimestamp();
        }
    }

    public Usage? Of(int processId)
    {
        lock (gate)
        {
            if (!last.ContainsKey(processId))
            {
                return null;
            }

            var children = last.ToLookup(static pair => pair.Value.Parent, static pair => pair.Key);
            var cpu = 0.0;
            var memory = last[processId].Resident;
            var open = new Stack<int>([processId]);
            while (open.TryPop(out var id))
            {
                cpu += percent.GetValueOrDefault(id);

                // What a forked child shares with its parent (PostgreSQL's buffers) is counted once.
                memory += id == processId ? 0 : last[id].Resident - last[id].Shared;
                foreach (var child in children[id])
                {
                    open.Push(child);
                }
            }

            return new Usage(cpu, memory);
        }
    }

    private static Dictionary<int, Reading> ReadAll()
    {
        var readings = new Dictionary<int, Reading>();
        foreach (var folder in Directory.EnumerateDirectories("/proc"))
        {
            if (!int.TryParse(Path.GetFileName(folder), NumberStyles.None, CultureInfo.InvariantCulture, out var id))
            {
                continue;
            }

            try
            {
                // The name in parentheses may hold anything; the fields follow the last one.
                var stat = File.ReadAllText(folder + "/stat");
                var fields = stat[(stat.LastIndexOf(')') + 2)..].Split(' ');
                var pages = File.ReadAllText(folder + "/statm").Split(' ');
                readings[id] = new Reading(
                    int.Parse(fields[1], CultureInfo.InvariantCulture),
                    long.Parse(fields[11], CultureInfo.InvariantCulture) + long.Parse(fields[12], CultureInfo.InvariantCulture),
                    long.Parse(pages[1], CultureInfo.InvariantCulture) * Environment.SystemPageSize,
                    long.Parse(pages[2], CultureInfo.InvariantCulture) * Environment.SystemPageSize);
            }
            catch (Exception e) when (e is IOException or UnauthorizedAccessException)
            {
                // It has ended meanwhile.
                continue;
            }
        }

        return readings;
    }

    private readonly record struct Reading(int Parent, long Ticks, long Resident, long Shared);
}

/// <param name="CpuPercent">100 is one core.</param>
/// <param name="MemoryBytes">Resident.</param>
internal sealed record Usage(double CpuPercent, long MemoryBytes);
