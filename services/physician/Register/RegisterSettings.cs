using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Physician.Register;

/// <summary>Section <c>Register</c>: where RPPS numbers are looked up. Nothing set: the council looks them up by hand.</summary>
internal sealed class RegisterSettings : ISettings
{
    public static string Section => "Register";

    /// <summary>Base address of the Annuaire santé's FHIR interface, e.g. <c>https://gateway.api.esante.gouv.fr/fhir/v2</c>.</summary>
    public Uri? Address { get; set; }

    /// <summary>Sent as <c>ESANTE-API-KEY</c>.</summary>
    public string ApiKey { get; set; } = "";

    /// <summary>The register's extraction (text, columns by <c>|</c>, header in the first line), put there anew each day.</summary>
    public string? File { get; set; }

    public string? Fault() => this switch
    {
        { Address: not null, File: not null } => "Register: set Address or File, not both.",
        { Address: { IsAbsoluteUri: false } } => "Register:Address must be an absolute address.",
        { Address: not null, ApiKey: "" } => "Register:ApiKey is not set: the Annuaire santé asks for one.",
        { File: { } file } when !System.IO.File.Exists(file) => "Register:File names no file.",
        _ => null,
    };
}
