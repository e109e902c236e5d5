using System.Globalization;
using System.Net.Http.Json;
using System.Text.Json;
using Microsoft.Extensions.Configuration;

namespace SecondOpinion.AppHost.Commands;

/// <summary>
/// <c>./run redrive</c>: without more, says what the services gave up; with a queue, a message or an age, brings it back. What had its effect already has none
/// again.
/// </summary>
internal static class RedriveCommand
{
    private const string Usage = """
        Usage: ./run redrive                       what waits and what was given up, by queue
               ./run redrive QUEUE --list true     the messages of a dead queue
               ./run redrive QUEUE                 brings them back; SERVICE-outbox: tries parked events again
               ./run redrive [QUEUE] --message ID  one message
               ./run redrive [QUEUE] --older AGE   what was given up longer ago, e.g. 90m, 2h, 3d
        """;

    /// <returns>0 when done (or, without more, when nothing is dead); 1 when something is dead or could not be done; 2 when nobody could be asked.</returns>
    public static async Task<int> Run(string[] args)
    {
        var queue = args.FirstOrDefault() is { } first && !first.StartsWith('-') ? first : null;
        var options = new ConfigurationBuilder().AddCommandLine(queue is null ? args : args[1..]).Build();
        DateTimeOffset? before = null;
        if (options["older"] is { } older)
        {
            if (Age(older) is not { } age)
            {
                Console.Error.WriteLine(Usage);
                return 2;
            }

            before = TimeProvider.System.GetUtcNow() - age;
        }

        if ((options["message"] is { } id && !Guid.TryParse(id, out _)) || (options.GetValue("list", false) && queue is null))
        {
            Console.Error.WriteLine(Usage);
            return 2;
        }

        using var http = await OpsClient.Open(options, "redrive", TimeSpan.FromMinutes(3));
        if (http is null)
        {
            return 2;
        }

        try
        {
            if (options.GetValue("list", false))
            {
                return PrintList(JsonElement.Parse(await http.GetStringAsync($"/api/v1/dead-letters/{Uri.EscapeDataString(queue!)}")), Console.Out);
            }

            if (queue is null && before is null && options["message"] is null)
            {
                return PrintOverview(JsonElement.Parse(await http.GetStringAsync("/api/v1/dead-letters")), Console.Out);
            }

            using var answer = await http.PostAsJsonAsync("/api/v1/dead-letters/redrive", new { queue, messageId = options["message"], diedBefore = before });
            var body = JsonElement.Parse(await answer.Content.ReadAsStringAsync());
            if (!answer.IsSuccessStatusCode)
            {
                Console.Error.WriteLine(body);
                return 1;
            }

            return PrintMoved(body, Console.Out);
        }
        catch (HttpRequestException exception)
        {
            Console.Error.WriteLine($"{http.BaseAddress} does not tell ({exception.Message}).");
            return 2;
        }
    }

    internal static TimeSpan? Age(string text)
    {
        if (text.Length < 2 || !int.TryParse(text[..^1], NumberStyles.None, CultureInfo.InvariantCulture, out var count))
        {
            return null;
        }

        return text[^1] switch
        {
            's' => TimeSpan.FromSeconds(count),
            'm' => TimeSpan.FromMinutes(count),
            'h' => TimeSpan.FromHours(count),
            'd' => TimeSpan.FromDays(count),
            _ => null,
        };
    }

    internal static int PrintOverview(JsonElement overview, TextWriter output)
    {
        var wrong = Unanswered(overview, output);
        foreach (var service in overview.GetProperty("services").EnumerateObject())
        {
            var parked = service.Value.GetProperty("outboxParked").GetInt64();
            wrong |= parked > 0;
            output.WriteLine(
                $"{service.Name}-outbox: {service.Value.GetProperty("outboxWaiting").GetInt64()} waiting, "
                + $"the oldest for {service.Value.GetProperty("outboxAgeSeconds").GetDouble():0} s, {parked} parked");
            foreach (var queue in service.Value.GetProperty("queues").EnumerateArray())
            {
                var dead = queue.GetProperty("dead").GetInt64();
                wrong |= dead > 0;
                output.WriteLine($"{queue.GetProperty("name").GetString()}: {queue.GetProperty("waiting").GetInt64()} waiting, {dead} dead");
            }
        }

        return wrong ? 1 : 0;
    }

    internal static int PrintMoved(JsonElement redriven, TextWriter output)
    {
        PrintList(redriven.GetProperty("moved"), output);
        output.WriteLine(
            $"{redriven.GetProperty("moved").GetArrayLength()} messages are back in their queues, "
            + $"{redriven.GetProperty("parked").GetInt32()} parked events are tried again.");
        return Unanswered(redriven, output) ? 1 : 0;
    }

    private static int PrintList(JsonElement letters, TextWriter output)
    {
        foreach (var letter in letters.EnumerateArray())
        {
            output.WriteLine(
                string.Join("  ", ((string[])["queue", "messageId", "event", "diedAt", "reason"]).Select(name => letter.GetProperty(name).GetString() ?? "–")));
        }

        return 0;
    }

    private static bool Unanswered(JsonElement answer, TextWriter output)
    {
        var services = answer.GetProperty("unanswered").EnumerateArray().Select(s => s.GetString()).ToList();
        if (services.Count > 0)
        {
            output.WriteLine($"Not answered: {string.Join(", ", services)}. Ask again when they run.");
        }

        return services.Count > 0;
    }
}
