using System.Reflection;
using System.Text.Json;
using MassTransit;
using SecondOpinion.Contracts.Intake;

namespace SecondOpinion.Tests.Contracts;

/// <summary>What is published never changes: one golden file per event, and names that every reader knows. Set UPDATE_GOLDEN=1 to add a new one.</summary>
public sealed class EventContractTests
{
    private static readonly JsonSerializerOptions Json = new(JsonSerializerDefaults.Web) { WriteIndented = true };

    private static readonly HashSet<string> AddedLater =
    [
        "CaseCompleted.InvolvedPhysicians", "CaseCompleted.PlaceOfCare", "PhysicianAdmitted.TiedPhysicians", "PhysicianAdmitted.TiedEstablishments",
        "AvailabilityChanged.Suspended", "AvailabilityChanged.WeeklyCapacity", "AvailabilityChanged.Leaves", "PhysicianAdmitted.Languages",
        "PhysicianAdmitted.Patients", "PhysicianAdmitted.ReferencePathologies", "PhysicianAdmitted.OccasionalPathologies", "CaseCompleted.PatientIsMinor",
        "CaseCompleted.Language", "CaseOffered.Basis", "CaseOffered.Considered", "CaseAssigned.PredictedAt", "CaseAssigned.Basis", "CaseAssigned.Considered",
    ];

    public static IEnumerable<TheoryDataRow<Type>> Events() =>
        typeof(CaseOpened).Assembly.GetTypes().Where(t => t.GetCustomAttribute<EntityNameAttribute>() is not null).OrderBy(t => t.FullName)
            .Select(t => new TheoryDataRow<Type>(t));

    [Theory]
    [MemberData(nameof(Events))]
    public void An_event_is_a_sealed_record_of_required_fields_named_in_its_service(Type type)
    {
        type.IsSealed.ShouldBeTrue();
        var service = type.Namespace!.Split('.')[^1].ToLowerInvariant();
        var entity = type.GetCustomAttribute<EntityNameAttribute>()!.EntityName;
        entity.ShouldStartWith(service + ".");
        entity.ShouldEndWith(".v1");
        var urn = type.GetCustomAttribute<MessageUrnAttribute>()!.Urn.ToString();
        urn.ShouldBe($"urn:message:{entity.Replace('.', ':')}", "the exchange's and the message's names must say the same");
        foreach (var property in type.GetProperties().Where(p => p.Name != "EqualityContract"))
        {
            // A field that came later is absent from messages still on their way: it may be null, and requiring it would make them unreadable.
            (property.GetCustomAttribute<System.Runtime.CompilerServices.RequiredMemberAttribute>() is not null
                || AddedLater.Contains($"{type.Name}.{property.Name}") && new NullabilityInfoContext().Create(property).ReadState == NullabilityState.Nullable)
                .ShouldBeTrue($"{type.Name}.{property.Name} must be required, or nullable when it was added to a published event");
        }
    }

    [Theory]
    [MemberData(nameof(Events))]
    public void An_event_carries_no_identity_and_no_free_text(Type type)
    {
        string[] allowedText =
        [
            "PathologyCode", "Coverage", "RequestedBy", "DepartmentCode", "From", "To", "SpecialtyCode", "TreatingEstablishment", "Purpose", "EngagementNumber",
            "RefusalCode", "Reason", "Diagnosis", "Treatment", "Impact", "PcsGroup", "MissionCategory", "Disability", "HeardFrom",
            "TreatingPhysicianAware", "Timing", "PlaceOfCare", "Survey", "Followed", "Patients", "Language", "Basis",
        ];
        foreach (var property in type.GetProperties())
        {
            var kind = Nullable.GetUnderlyingType(property.PropertyType) ?? property.PropertyType;
            if (kind == typeof(string))
            {
                allowedText.ShouldContain(property.Name, $"{type.Name}.{property.Name} is text: only codes may travel, add it here once it is known to be one");
            }
            else
            {
                new[]
                {
                    typeof(Guid),
                    typeof(int),
                    typeof(long),
                    typeof(bool),
                    typeof(DateTimeOffset),
                    typeof(string[]),
                    typeof(Guid[]),
                }.ShouldContain(kind, $"{type.Name}.{property.Name}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Events))]
    public void An_event_still_has_the_fields_it_was_published_with(Type type)
    {
        var name = type.GetCustomAttribute<EntityNameAttribute>()!.EntityName;
        var shape = type.GetProperties().ToDictionary(p => JsonNamingPolicy.CamelCase.ConvertName(p.Name), p => Shape(p.PropertyType));
        var file = Path.Combine(AppContext.BaseDirectory, "golden", name + ".json");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            var source = Path.Combine(AppContext.BaseDirectory, "../../../golden", name + ".json");
            File.WriteAllText(source, JsonSerializer.Serialize(shape, Json) + "\n");
            return;
        }

        File.Exists(file).ShouldBeTrue($"no golden file for {name}: run the tests once with UPDATE_GOLDEN=1 and commit it");
        var golden = JsonSerializer.Deserialize<Dictionary<string, string>>(File.ReadAllText(file))!;
        foreach (var (field, kind) in golden)
        {
            shape.ShouldContainKey(field, $"{name} lost `{field}`: a field is only ever added; a breaking change is a new event");
            shape[field].ShouldBe(kind, $"{name}.{field} changed its type");
        }

        shape.Keys.Except(golden.Keys).ShouldBeEmpty($"{name} has new fields: record them with UPDATE_GOLDEN=1");
    }

    [Fact]
    public void The_protos_still_have_the_fields_they_were_published_with()
    {
        var protos = Directory.GetFiles(Path.Combine(AppContext.BaseDirectory, "protos"), "*.proto", SearchOption.AllDirectories)
            .Order(StringComparer.Ordinal).ToList();
        protos.ShouldNotBeEmpty();
        var shape = protos.SelectMany(file => File.ReadLines(file)
            .Select(l => l.Trim().Replace(") {", ");", StringComparison.Ordinal))
            .Where(
                l =>
                    l.StartsWith("message ", StringComparison.Ordinal) || l.StartsWith("rpc ", StringComparison.Ordinal)
                        || l.Contains(" = ", StringComparison.Ordinal) && l.EndsWith(';') && !l.StartsWith("option", StringComparison.Ordinal)
                        && !l.StartsWith("syntax", StringComparison.Ordinal))
            .Select(l => $"{Path.GetFileName(file)}: {l}")).ToList();
        var path = Path.Combine(AppContext.BaseDirectory, "golden", "protos.txt");
        if (Environment.GetEnvironmentVariable("UPDATE_GOLDEN") == "1")
        {
            File.WriteAllLines(Path.Combine(AppContext.BaseDirectory, "../../../golden", "protos.txt"), shape);
            return;
        }

        var golden = File.ReadAllLines(path);
        golden.Except(shape).ShouldBeEmpty("published messages, fields and calls are only ever added");
        shape.Except(golden).ShouldBeEmpty("record additions with UPDATE_GOLDEN=1");
    }

    private static string Shape(Type type) =>
        Nullable.GetUnderlyingType(type) is { } inner ? Shape(inner) + "?" : type.IsArray ? Shape(type.GetElementType()!) + "[]" : type.Name;
}
