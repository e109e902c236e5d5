using System.Collections.Concurrent;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.Core;
using Grpc.Net.Client;
using SecondOpinion.ServiceDefaults.Access;
using SecondOpinion.Tests.EndToEnd.Running;

namespace SecondOpinion.Tests.EndToEnd.Drills;

/// <summary>Calls of every gRPC method of the contracts with messages that nobody should send, straight to the services' own ports.</summary>
internal sealed class MalformedCalls(SharedSystem system, Random random)
{
    private static readonly TimeSpan Hang = TimeSpan.FromSeconds(20);
    private static readonly Marshaller<byte[]> Raw = Marshallers.Create(static bytes => bytes, static bytes => bytes);
    private readonly IReadOnlyList<MethodDescriptor> _methods =
    [
        .. typeof(Contracts.Identifiers.Rpps).Assembly.GetTypes()
            .Where(t => t.Name.EndsWith("Reflection", StringComparison.Ordinal) && t.GetProperty("Descriptor")?.GetValue(null) is FileDescriptor)
            .SelectMany(t => ((FileDescriptor)t.GetProperty("Descriptor")!.GetValue(null)!).Services)
            .SelectMany(s => s.Methods),
    ];

    public int Methods => _methods.Count;

    public async Task<(IReadOnlyList<string> Faults, IReadOnlyDictionary<StatusCode, int> Answers)> Send(int count)
    {
        var faults = new ConcurrentBag<string>();
        var answers = new ConcurrentDictionary<StatusCode, int>();
        var physician = system.Token(Roles.Physician, "drill-physician", ("rpps", "99000010019"));
        var patient = system.Token(Roles.Patient);
        var known = new Dictionary<string, (string Caller, string Voucher)>
        {
            ["Dossiers"] = (physician, system.ServiceToken("physician", "intake")),
            ["Roster"] = (system.ServiceToken("matching", "physician"), ""),
            ["Opinions"] = (system.ServiceToken("intake", "physician"), ""),
            ["Eligibility"] = (system.ServiceToken("intake", "billing"), ""),
            ["Sharing"] = (system.ServiceToken("physician", "intake"), ""),
            ["Shares"] = (system.ServiceToken("intake", "physician"), ""),
            ["Fees"] = (system.ServiceToken("physician", "billing"), ""),
        };
        using var channels = new Channels(system);
        for (var i = 0; i < count; i++)
        {
            var method = _methods[i % _methods.Count];
            var (name, bytes) = Message(method.InputType);
            var (caller, voucher) = known[method.Service.Name];
            string[] tokens = [caller, patient, "not-a-token", ""];
            var token = tokens[random.Next(8) is > 3 ? 0 : random.Next(tokens.Length)];
            var headers = new Metadata();
            if (voucher.Length > 0)
            {
                headers.Add("service-authorization", $"Bearer {voucher}");
            }

            if (token.Length > 0)
            {
                headers.Add("authorization", $"Bearer {token}");
            }

            var status = await Call(channels.Of(method), method, bytes, headers);
            answers.AddOrUpdate(status.StatusCode, 1, (_, n) => n + 1);
            if (status.StatusCode is StatusCode.Unknown or StatusCode.Internal or StatusCode.DeadlineExceeded or StatusCode.DataLoss)
            {
                faults.Add($"{method.FullName} ({name}): {status.StatusCode} {status.Detail}");
            }
        }

        return ([.. faults.Distinct()], answers);
    }

    private static async Task<Status> Call(CallInvoker invoker, MethodDescriptor called, byte[] bytes, Metadata headers)
    {
        var type = (called.IsClientStreaming, called.IsServerStreaming) switch
        {
            (false, false) => MethodType.Unary,
            (false, true) => MethodType.ServerStreaming,
            (true, false) => MethodType.ClientStreaming,
            _ => MethodType.DuplexStreaming,
        };
        var method = new Method<byte[], byte[]>(type, called.Service.FullName, called.Name, Raw, Raw);
        var options = new CallOptions(headers, DateTime.UtcNow + Hang);
        try
        {
            switch (type)
            {
                case MethodType.Unary:
                    await invoker.AsyncUnaryCall(method, null, options, bytes);
                    break;
                case MethodType.ServerStreaming:
                    using (var call = invoker.AsyncServerStreamingCall(method, null, options, bytes))
                    {
                        await Drain(call.ResponseStream);
                    }

                    break;
                default:
                    using (var call = invoker.AsyncDuplexStreamingCall(method, null, options))
                    {
                        try
                        {
                            await call.RequestStream.WriteAsync(bytes);
                            await call.RequestStream.CompleteAsync();
                        }
                        catch (Exception refused) when (refused is InvalidOperationException or RpcException)
                        {
                            // The server has answered already: its status is read below.
                        }

                        await Drain(call.ResponseStream);
                    }

                    break;
            }

            return Status.DefaultSuccess;
        }
        catch (RpcException exception)
        {
            return exception.Status;
        }
    }

    private static async Task Drain(IAsyncStreamReader<byte[]> stream)
    {
        while (await stream.MoveNext(CancellationToken.None))
        {
        }
    }

    /// <summary>A message of the method's type with extreme values, or with bytes behind it that no field claims.</summary>
    private (string Name, byte[] Bytes) Message(MessageDescriptor type)
    {
        var message = Extreme(type, 0);
        var bytes = message.ToByteArray();
        // Field 19,000 with a length-delimited value: unknown to everybody.
        return random.Next(4) == 0 ? ("unknown field", [.. bytes, 0xC2, 0xA3, 0x09, 0x03, 1, 2, 3]) : ("extreme values", bytes);
    }

    private IMessage Extreme(MessageDescriptor type, int depth)
    {
        var message = (IMessage)Activator.CreateInstance(type.ClrType)!;
        foreach (var field in type.Fields.InDeclarationOrder())
        {
            if (depth > 4 || random.Next(4) == 0 || field.IsMap)
            {
                continue;
            }

            if (field.IsRepeated)
            {
                var list = (System.Collections.IList)field.Accessor.GetValue(message);
                for (var i = random.Next(3); i > 0; i--)
                {
                    list.Add(Extreme(field, depth));
                }
            }
            else
            {
                field.Accessor.SetValue(message, Extreme(field, depth));
            }
        }

        return message;
    }

    private object Extreme(FieldDescriptor field, int depth) => field.FieldType switch
    {
        FieldType.Message => Extreme(field.MessageType, depth + 1),
        FieldType.String =>
            Pick<string>(
                ["", "\0", "not-an-id", Guid.Empty.ToString(), Guid.CreateVersion7().ToString(), new string('x', 5000), "\ud83d\ude00", "9999-99-99",
                    "99000001"]),
        FieldType.Bytes => ByteString.CopyFrom(new byte[random.Next(200)]),
        FieldType.Bool => random.Next(2) == 0,
        FieldType.Int32 or FieldType.SInt32 or FieldType.SFixed32 => Pick<int>([0, -1, int.MaxValue, int.MinValue, 7]),
        FieldType.UInt32 or FieldType.Fixed32 => Pick<uint>([0, 1, uint.MaxValue]),
        FieldType.Int64 or FieldType.SInt64 or FieldType.SFixed64 => Pick<long>([0, -1, long.MaxValue, long.MinValue]),
        FieldType.UInt64 or FieldType.Fixed64 => Pick<ulong>([0, 1, ulong.MaxValue]),
        FieldType.Double => Pick<double>([0, double.NaN, double.PositiveInfinity, -1e300]),
        FieldType.Float => Pick<float>([0, float.NaN, float.NegativeInfinity]),
        FieldType.Enum => Enum.ToObject(field.EnumType.ClrType, Pick<int>([0, 1, 99, -1])),
        _ => throw new InvalidOperationException($"{field.FullName} has a type that the drill does not know."),
    };

    private T Pick<T>(T[] from) => from[random.Next(from.Length)];

    /// <summary>One channel a service, found by the package of its proto: <c>secondopinion.billing.v1</c>.</summary>
    private sealed class Channels(SharedSystem system) : IDisposable
    {
        private readonly Dictionary<string, GrpcChannel> _channels = [];

        public CallInvoker Of(MethodDescriptor method)
        {
            var service = method.File.Package.Split('.')[^2];
            if (!_channels.TryGetValue(service, out var channel))
            {
                var port = Processes.Variable(system.Pid(service), "GRPC_PORT");
                _channels[service] = channel = GrpcChannel.ForAddress($"http://localhost:{port}");
            }

            return channel.CreateCallInvoker();
        }

        public void Dispose()
        {
            foreach (var channel in _channels.Values)
            {
                channel.Dispose();
            }
        }
    }
}
