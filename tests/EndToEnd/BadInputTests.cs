using System.Globalization;
using System.Net;
using System.Net.Sockets;
using System.Text;
using System.Text.Json.Nodes;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd;

/// <summary>What is wrong is refused with a 4xx problem that has a code, at the public door.</summary>
[Collection(OnSharedSystem.Name)]
public sealed class BadInputTests(SharedSystem system)
{
    private const long Huge = 300L << 20;

    [Fact]
    public async Task A_NIR_with_a_wrong_key()
    {
        var body = Journey.OpenBody();
        body["patient"]!["nir"] = "289043523899903";
        await ShouldBeInvalid(await Patient().Post("/api/v1/cases", Answers.Json(body)), "#/patient/nir", "invalid_key");
    }

    [Fact]
    public async Task An_unknown_pathology()
    {
        var body = Journey.OpenBody();
        body["pathologyCode"] = "Z99.9-nothing";
        await ShouldBeInvalid(await Patient().Post("/api/v1/cases", Answers.Json(body)), "#/pathologyCode", "unknown_pathology");
    }

    [Fact]
    public async Task A_file_of_zero_bytes()
    {
        using var journey = await Journey.Opened(system);
        using var answer = await Upload(journey, [], "vide.pdf");
        await answer.ShouldBeProblem(400, "INT-0003");
    }

    [Theory]
    [InlineData("linux")]
    [InlineData("windows")]
    [InlineData("script")]
    public async Task A_program_that_is_called_pdf(string kind)
    {
        using var journey = await Journey.Opened(system);
        var program = kind switch
        {
            "linux" => await File.ReadAllBytesAsync("/usr/bin/env"),
            "windows" => [.. "MZ"u8, 0x90, 0, .. new byte[56], 64, 0, 0, 0, .. "PE\0\0"u8, .. new byte[200]],
            _ => "#!/bin/sh\nrm -rf /\n"u8.ToArray(),
        };
        using var answer = await Upload(journey, program, "compte-rendu.pdf");
        await answer.ShouldBeProblem(415, "INT-0007");
    }

    [Fact]
    public async Task A_DICOM_image_that_is_cut_off()
    {
        using var journey = await Journey.Opened(system);
        var whole = await File.ReadAllBytesAsync(Path.Combine(Journey.SampleFolder, "irm.dcm"));
        using var answer = await Upload(journey, whole[..(whole.Length * 2 / 3)], "irm.dcm", "application/dicom");
        await answer.ShouldBeProblem(422, "INT-0005");
    }

    [Theory]
    [InlineData(true)]
    [InlineData(false)]
    public async Task Three_hundred_megabytes_of_JSON_are_refused_without_being_held(bool withLength)
    {
        var gateway = system.Pid("gateway");
        var before = Processes.PeakMemory(gateway);

        var (status, body) = await SendHugeJson(withLength);

        status.ShouldBe(413, body);
        body.ShouldContain("REQ-0007");
        (Processes.PeakMemory(gateway) - before).ShouldBeLessThan(Huge / 3, "the gateway held it");
        (await system.Http().GetAsync("/health")).StatusCode.ShouldBe(HttpStatusCode.OK);
    }

    [Fact]
    public async Task What_the_state_of_the_case_does_not_allow()
    {
        using var journey = await Journey.Ready(system);
        await journey.Submit();
        using var answer = await system.Http(journey.Patient).Post($"{journey.Case}/submit");
        var problem = await answer.ShouldBeProblem(409, "INT-0001");
        problem["allowed"].ShouldNotBeNull("it says what is allowed instead");
    }

    [Fact]
    public async Task A_submission_without_the_consent_to_processing()
    {
        using var journey = await Journey.Opened(system);
        await journey.AddDocuments();
        using var answer = await system.Http(journey.Patient).Post($"{journey.Case}/submit");
        await answer.ShouldBeProblem(409, "INT-0002");
    }

    [Fact]
    public async Task An_idempotency_key_that_is_used_again_for_another_body()
    {
        var http = Patient();
        var key = Guid.CreateVersion7().ToString();
        using var opened = await http.Post("/api/v1/cases", Answers.Json(Journey.OpenBody()), key);
        opened.StatusCode.ShouldBe(HttpStatusCode.Created, await opened.Content.ReadAsStringAsync());
        using var replayed = await http.Post("/api/v1/cases", Answers.Json(Journey.OpenBody()), key);
        replayed.StatusCode.ShouldBe(HttpStatusCode.Created);
        ((string?)(await replayed.Read())["caseId"]).ShouldBe((string?)(await opened.Read())["caseId"]);

        var other = Journey.OpenBody();
        other["patient"]!["birthName"] = "AUTRE";
        using var answer = await http.Post("/api/v1/cases", Answers.Json(other), key);
        await answer.ShouldBeProblem(422, "REQ-0011");
    }

    [Fact]
    public async Task A_POST_without_an_idempotency_key()
    {
        using var request = new HttpRequestMessage(HttpMethod.Post, "/api/v1/cases") { Content = Answers.Json(Journey.OpenBody()) };
        using var answer = await Patient().SendAsync(request);
        await answer.ShouldBeProblem(400, "REQ-0010");
    }

    [Fact]
    public async Task A_member_that_the_description_does_not_know()
    {
        var body = Journey.OpenBody();
        body["patient"]!["favouriteColour"] = "bleu";
        using var answer = await Patient().Post("/api/v1/cases", Answers.Json(body));
        var problem = await answer.ShouldBeProblem(400, "REQ-0001");
        ((string?)problem["errors"]![0]!["pointer"]).ShouldBe("#/patient/favouriteColour");
    }

    [Theory]
    [InlineData("")]
    [InlineData("{")]
    [InlineData("[]")]
    [InlineData("null")]
    [InlineData("""{"pathologyCode":"N80.5","pathologyCode":"N80.5"}""")]
    public async Task A_body_that_is_no_JSON_object_of_the_right_form(string body)
    {
        using var answer = await Patient().Post("/api/v1/cases", Answers.Text(body));
        await answer.ShouldBeProblem(400, "REQ-0001");
    }

    [Fact]
    public async Task Another_content_type()
    {
        using var answer = await Patient().Post("/api/v1/cases", Answers.Text("<case/>", "application/xml"));
        await answer.ShouldBeProblem(415, "REQ-0008");
    }

    [Fact]
    public async Task A_route_that_does_not_exist()
    {
        using var unknown = await Patient().GetAsync("/api/v1/horoscopes");
        await unknown.ShouldBeProblem(404, "REQ-0005");
        using var below = await Patient().GetAsync("/api/v1/cases/not-a-case/at-all");
        await below.ShouldBeProblem(404, "REQ-0005");
    }

    [Fact]
    public async Task A_method_that_the_route_does_not_have()
    {
        using var journey = await Journey.Opened(system);
        using var answer = await system.Http(journey.Patient).Send(HttpMethod.Patch, journey.Case, Answers.Json(new JsonObject()));
        await answer.ShouldBeProblem(405, "REQ-0006");
    }

    [Fact]
    public async Task A_change_without_saying_of_which_version_and_one_of_an_old_version()
    {
        using var journey = await Journey.Opened(system);
        var http = system.Http(journey.Patient);
        var questions = new JsonObject { ["questions"] = Journey.Sample("questions.json")["questions"]!.DeepClone() };
        using var without = await http.Send(HttpMethod.Put, $"{journey.Case}/questions", Answers.Json(questions));
        await without.ShouldBeProblem(428, "REQ-0013");
        using var stale = await http.Send(HttpMethod.Put, $"{journey.Case}/questions", Answers.Json(questions), etag: "\"v999\"");
        await stale.ShouldBeProblem(412, "REQ-0014");
    }

    private HttpClient Patient() => system.Http(system.Token(Roles.Patient));

    private async Task<HttpResponseMessage> Upload(Journey journey, byte[] bytes, string fileName, string mediaType = "application/pdf") =>
        await system.Http(journey.Patient).Post($"{journey.Case}/documents", Answers.Document(bytes, "consultation_report", fileName, mediaType));

    private static async Task ShouldBeInvalid(HttpResponseMessage answer, string pointer, string code)
    {
        using (answer)
        {
            var problem = await answer.ShouldBeProblem(400, "REQ-0002");
            problem["errors"]!.AsArray().ShouldContain(e => (string)e!["pointer"]! == pointer && (string)e["code"]! == code);
        }
    }

    /// <summary>By hand, since an HTTP client would hold the body back or send all of it before it looks at the answer.</summary>
    private async Task<(int Status, string Body)> SendHugeJson(bool withLength)
    {
        using var tcp = new TcpClient();
        await tcp.ConnectAsync(system.Gateway.Host, system.Gateway.Port);
        await using var stream = tcp.GetStream();
        var framing = withLength ? $"Content-Length: {Huge}" : "Transfer-Encoding: chunked";
        await stream.WriteAsync(Encoding.ASCII.GetBytes(
            $"POST /api/v1/cases HTTP/1.1\r\nHost: {system.Gateway.Authority}\r\nAuthorization: Bearer {system.Token(Roles.Patient)}\r\n"
            + $"Idempotency-Key: {Guid.CreateVersion7()}\r\nContent-Type: application/json\r\nConnection: close\r\n{framing}\r\n\r\n"));
        var answer = ReadAll(stream);
        var block = new byte[64 << 10];
        Array.Fill(block, (byte)' ');
        byte[] chunk = withLength
            ? block
            : [.. Encoding.ASCII.GetBytes(block.Length.ToString("x", CultureInfo.InvariantCulture) + "\r\n"), .. block, .. "\r\n"u8];
        try
        {
            for (var sent = 0L; sent < Huge && !answer.IsCompleted; sent += block.Length)
            {
                await stream.WriteAsync(chunk);
            }
        }
        catch (IOException)
        {
            // The gateway has heard enough; what it said is read below.
        }

        var text = await answer.WaitAsync(TimeSpan.FromSeconds(30));
        return (int.Parse(text.Split(' ')[1], CultureInfo.InvariantCulture), text);
    }

    private static async Task<string> ReadAll(NetworkStream stream)
    {
        var text = new StringBuilder();
        var buffer = new byte[4096];
        try
        {
            for (int read; (read = await stream.ReadAsync(buffer)) > 0;)
            {
                text.Append(Encoding.UTF8.GetString(buffer, 0, read));
            }
        }
        catch (IOException) when (text.Length > 0)
        {
            // Closed hard after the answer, since the body never ended.
            return text.ToString();
        }

        return text.ToString();
    }
}
