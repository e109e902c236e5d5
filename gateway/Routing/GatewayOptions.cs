using System.ComponentModel.DataAnnotations;
using SecondOpinion.ServiceDefaults.Options;

namespace SecondOpinion.Gateway.Routing;

/// <summary>Section <c>Gateway</c>.</summary>
internal sealed class GatewayOptions : ISettings
{
    public static string Section => "Gateway";

    /// <summary>Largest body of a JSON route, in bytes.</summary>
    [Range(1, 1 << 30)]
    public long JsonBytes { get; set; } = 1 << 20;

    /// <summary>Largest medical document, in bytes. Intake has the last word.</summary>
    [Range(1, long.MaxValue)]
    public long DocumentBytes { get; set; } = 300L << 20;

    /// <summary>Largest document that comes in pieces, in bytes. Intake has the last word.</summary>
    [Range(1, long.MaxValue)]
    public long PieceBytes { get; set; } = 2L << 30;

    /// <summary>Largest roster, in bytes: 28 million lines of about 60 bytes, and room.</summary>
    [Range(1, long.MaxValue)]
    public long RosterBytes { get; set; } = 4L << 30;

    /// <summary>A request may wait this long between two signs of life of the service.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "1.00:00:00")]
    public TimeSpan Silence { get; set; } = TimeSpan.FromSeconds(100);

    /// <summary>The same for uploads, which a service may chew on.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "1.00:00:00")]
    public TimeSpan UploadSilence { get; set; } = TimeSpan.FromMinutes(10);

    /// <summary>How long a request is held and offered again while no replica takes the connection: a restart becomes a pause, not an error.</summary>
    [Range(typeof(TimeSpan), "00:00:00", "00:01:00")]
    public TimeSpan Patience { get; set; } = TimeSpan.FromSeconds(5);

    /// <summary>A whole JSON body must have come within this time.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "1.00:00:00")]
    public TimeSpan JsonTime { get; set; } = TimeSpan.FromSeconds(30);

    /// <summary>A whole document: 300 MB over a line of 1 Mbit/s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "1.00:00:00")]
    public TimeSpan DocumentTime { get; set; } = TimeSpan.FromHours(1);

    /// <summary>A whole piece of a document: 2 GB over a line of 1 Mbit/s.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "1.00:00:00")]
    public TimeSpan PieceTime { get; set; } = TimeSpan.FromHours(6);

    /// <summary>A whole part of a roster.</summary>
    [Range(typeof(TimeSpan), "00:00:00.1", "1.00:00:00")]
    public TimeSpan RosterTime { get; set; } = TimeSpan.FromHours(6);

    public TimeSpan Time(Body body) => body switch
    {
        Body.Document => DocumentTime,
        Body.Piece => PieceTime,
        Body.Roster => RosterTime,
        _ => JsonTime,
    };

    public long Limit(Body body) => body switch
    {
        Body.Document => DocumentBytes,
        Body.Piece => PieceBytes,
        Body.Roster => RosterBytes,
        _ => JsonBytes,
    };
}
