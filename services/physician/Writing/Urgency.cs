using System.Text.Json.Serialization;

namespace SecondOpinion.Physician.Writing;

/// <summary>Until when something should be done.</summary>
internal enum Urgency
{
    /// <summary>There is time to choose.</summary>
    [JsonStringEnumMemberName("no_hurry")]
    NoHurry,

    /// <summary>Within weeks.</summary>
    [JsonStringEnumMemberName("weeks")]
    Weeks,

    /// <summary>Within days.</summary>
    [JsonStringEnumMemberName("days")]
    Days,

    /// <summary>Now.</summary>
    [JsonStringEnumMemberName("now")]
    Now,
}

/// <summary>How the care that is proposed differs from what the first physician proposed.</summary>
internal enum AlternativeCare
{
    /// <summary>No operation.</summary>
    [JsonStringEnumMemberName("non_surgical")]
    NonSurgical,

    /// <summary>A smaller operation or intervention.</summary>
    [JsonStringEnumMemberName("less_invasive")]
    LessInvasive,

    /// <summary>Another operation.</summary>
    [JsonStringEnumMemberName("other_surgery")]
    OtherSurgery,

    /// <summary>Another medicine, or another dose.</summary>
    [JsonStringEnumMemberName("other_medicine")]
    OtherMedicine,

    /// <summary>Wait and watch.</summary>
    [JsonStringEnumMemberName("watchful_waiting")]
    WatchfulWaiting,

    /// <summary>Further examinations before a choice.</summary>
    [JsonStringEnumMemberName("further_tests")]
    FurtherTests,

    /// <summary>A team of several specialties decides.</summary>
    [JsonStringEnumMemberName("multidisciplinary")]
    Multidisciplinary,

    /// <summary>Rehabilitation, support, care of pain.</summary>
    [JsonStringEnumMemberName("supportive_care")]
    SupportiveCare,
}
