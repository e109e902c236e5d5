using System.ComponentModel.DataAnnotations;
using Microsoft.AspNetCore.Builder;
using Microsoft.Extensions.Configuration;
using Microsoft.Extensions.DependencyInjection;

namespace SecondOpinion.ServiceDefaults.Options;

/// <summary>A section of the configuration with its defaults. Ranges of single values are said by attributes.</summary>
public interface ISettings
{
    /// <summary>E.g. <c>Rosters</c>; a part of a section as <c>Eligibility:Limits</c>.</summary>
    static abstract string Section { get; }

    /// <summary>What else is wrong, as a sentence that says what to set; null when nothing is.</summary>
    string? Fault() => null;
}

/// <summary>
/// The one way to read settings (docs/decisions/0071): bound and checked while the service is put together, so that a wrong one ends the start with a
/// sentence.
/// </summary>
public static class SettingsRegistration
{
    /// <summary>Registers the section as a singleton that features ask for by its type, and gives it to whoever puts the service together.</summary>
    /// <exception cref="InvalidOperationException">A value cannot be read, is out of range, or is missing; the message names the section and what to
    /// set.</exception>
    public static T AddSettings<T>(this WebApplicationBuilder builder) where T : class, ISettings, new()
    {
        var settings = builder.Configuration.GetSection(T.Section).Get<T>() ?? new T();
        var faults = new List<ValidationResult>();
        Validator.TryValidateObject(settings, new ValidationContext(settings), faults, validateAllProperties: true);
        if (faults.Count > 0)
        {
            throw new InvalidOperationException($"Section {T.Section}: {string.Join(" ", faults.Select(f => f.ErrorMessage))}");
        }

        if (settings.Fault() is { } fault)
        {
            throw new InvalidOperationException(fault);
        }

        builder.Services.AddSingleton(settings);
        return settings;
    }
}

/// <summary>Section <c>SampleData</c>: fictitious insurers, rosters and physicians for a local run.</summary>
public sealed class SampleDataSettings : ISettings
{
    public static string Section => "SampleData";

    public bool Enabled { get; set; }
}
