using System.Buffers.Text;
using System.Security.Claims;
using System.Security.Cryptography;
using System.Text;
using Microsoft.Extensions.DependencyInjection;
using SecondOpinion.ServiceDefaults.Http;
using SecondOpinion.ServiceDefaults.Problems;

namespace SecondOpinion.Tests.ServiceDefaults;

public sealed class CursorTests(ProbeFixture fixture) : IClassFixture<ProbeFixture>
{
    private readonly Cursors _cursors = fixture.Probe.Services.GetRequiredService<Cursors>();

    [Fact]
    public void A_cursor_is_good_for_its_list_its_filter_and_its_caller_only()
    {
        var last = Guid.CreateVersion7();
        var cursor = _cursors.Encode(last, Caller("one"), "list");
        _cursors.Read(null, cursor, Caller("one"), "list").OrThrow().After.ShouldBe(last);
        _cursors.Read(null, cursor, Caller("other"), "list").Refusal!.Type.ShouldBe(CommonProblems.InvalidInput);
        _cursors.Read(null, cursor, Caller("one"), "other list").Refusal!.Type.ShouldBe(CommonProblems.InvalidInput);
    }

    [Fact]
    public void A_cursor_made_by_whoever_knows_everything_but_the_key_is_refused()
    {
        var last = Guid.CreateVersion7();
        foreach (var length in new[] { 8, 16 })
        {
            var mark = SHA256.HashData(Encoding.UTF8.GetBytes($"{last}\npatient\none\nlist"))[..length];
            _cursors.Read(null, Base64Url.EncodeToString([.. last.ToByteArray(), .. mark]), Caller("one"),
                "list").Refusal!.Type.ShouldBe(CommonProblems.InvalidInput);
        }
    }

    private static ClaimsPrincipal Caller(string subject) => new(new ClaimsIdentity([new Claim("role", "patient"), new Claim("sub", subject)]));
}
