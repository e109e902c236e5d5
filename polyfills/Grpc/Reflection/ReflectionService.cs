using System.Reflection;
using Google.Protobuf;
using Google.Protobuf.Reflection;
using Grpc.AspNetCore.Server;
using Grpc.Core;
using Grpc.Reflection.V1;
using Microsoft.AspNetCore.Routing;

namespace Grpc.AspNetCore.Server.Reflection;

/// <summary>Describes to a client, in protobuf's own descriptors, every service that is mapped.</summary>
internal class ReflectionService(DescriptorIndex index) : ServerReflection.ServerReflectionBase
{
    public override async Task ServerReflectionInfo(
        IAsyncStreamReader<ServerReflectionRequest> requestStream, IServerStreamWriter<ServerReflectionResponse> responseStream,
        ServerCallContext context)
    {
        while (await requestStream.MoveNext(context.CancellationToken))
        {
            var request = requestStream.Current;
            var response = Answer(request);
            response.ValidHost = request.Host;
            response.OriginalRequest = request;
            await responseStream.WriteAsync(response);
        }
    }

    private ServerReflectionResponse Answer(ServerReflectionRequest request)
    {
        switch (request.MessageRequestCase)
        {
            case ServerReflectionRequest.MessageRequestOneofCase.ListServices:
                var services = index.Services.Select(name => new ServiceResponse { Name = name });
                return new ServerReflectionResponse { ListServicesResponse = new ListServiceResponse { Service = { services } } };
            case ServerReflectionRequest.MessageRequestOneofCase.FileByFilename:
                return File(index.ByName(request.FileByFilename), request.FileByFilename);
            case ServerReflectionRequest.MessageRequestOneofCase.FileContainingSymbol:
                return File(index.BySymbol(request.FileContainingSymbol), request.FileContainingSymbol);
            case ServerReflectionRequest.MessageRequestOneofCase.FileContainingExtension:
                var asked = request.FileContainingExtension;
                var extension = index.Extensions(asked.ContainingType).FirstOrDefault(one => one.FieldNumber == asked.ExtensionNumber);
                return File(extension?.File, $"{asked.ContainingType} {asked.ExtensionNumber}");
            case ServerReflectionRequest.MessageRequestOneofCase.AllExtensionNumbersOfType:
                var type = request.AllExtensionNumbersOfType;
                return index.BySymbol(type) is null ? Error(StatusCode.NotFound, type) : new ServerReflectionResponse
                {
                    AllExtensionNumbersResponse = new ExtensionNumberResponse
                    {
                        BaseTypeName = type,
                        ExtensionNumber = { index.Extensions(type).Select(one => one.FieldNumber) },
                    },
                };
            default:
                return Error(StatusCode.Unimplemented, $"Request type '{request.MessageRequestCase}' not supported.");
        }
    }

    private static ServerReflectionResponse File(FileDescriptor? file, string asked)
    {
        if (file is null)
        {
            return Error(StatusCode.NotFound, asked);
        }

        var files = new List<ByteString>();
        Collect(file, [], files);
        return new ServerReflectionResponse { FileDescriptorResponse = new FileDescriptorResponse { FileDescriptorProto = { files } } };
    }

    private static void Collect(FileDescriptor file, HashSet<string> seen, List<ByteString> files)
    {
        if (seen.Add(file.Name))
        {
            files.Add(file.SerializedData);
            foreach (var dependency in file.Dependencies)
            {
                Collect(dependency, seen, files);
            }
        }
    }

    private static ServerReflectionResponse Error(StatusCode code, string what) => new()
    {
        ErrorResponse = new ErrorResponse { ErrorCode = (int)code, ErrorMessage = $"{what} not found." },
    };
}

/// <summary>The same service under its older name, which clients still try: the messages are the same on the wire.</summary>
[BindServiceMethod(typeof(ReflectionServiceV1Alpha), nameof(Bind))]
internal sealed class ReflectionServiceV1Alpha(DescriptorIndex index) : ReflectionService(index)
{
    private static void Bind(ServiceBinderBase binder, ServerReflection.ServerReflectionBase? service) => binder.AddMethod(
        new Method<ServerReflectionRequest, ServerReflectionResponse>(
            MethodType.DuplexStreaming, "grpc.reflection.v1alpha.ServerReflection", nameof(ServerReflectionInfo),
            Marshallers.Create(message => message.ToByteArray(), ServerReflectionRequest.Parser.ParseFrom),
            Marshallers.Create(message => message.ToByteArray(), ServerReflectionResponse.Parser.ParseFrom)),
        (DuplexStreamingServerMethod<ServerReflectionRequest, ServerReflectionResponse>?)null);
}

/// <summary>Files, by name and by what they declare, of all services that are mapped.</summary>
internal sealed class DescriptorIndex(EndpointDataSource endpoints)
{
    private readonly Lazy<Content> content = new(() => new Content(endpoints));

    public IEnumerable<string> Services => content.Value.Services;

    public FileDescriptor? ByName(string name) => content.Value.Files.GetValueOrDefault(name);

    public FileDescriptor? BySymbol(string symbol) => content.Value.Symbols.GetValueOrDefault(symbol);

    public IEnumerable<FieldDescriptor> Extensions(string type) => content.Value.Extensions.Where(one => one.ExtendeeType.FullName == type);

    private sealed class Content
    {
        public Content(EndpointDataSource endpoints)
        {
            var types = endpoints.Endpoints
                .Select(endpoint => endpoint.Metadata.GetMetadata<GrpcMethodMetadata>()?.ServiceType)
                .OfType<Type>().Distinct();
            foreach (var descriptor in types.Select(Describe).OfType<ServiceDescriptor>().DistinctBy(service => service.FullName))
            {
                Services.Add(descriptor.FullName);
                Add(descriptor.File);
            }
        }

        public List<string> Services { get; } = [];

        public Dictionary<string, FileDescriptor> Files { get; } = [];

        public Dictionary<string, FileDescriptor> Symbols { get; } = [];

        public List<FieldDescriptor> Extensions { get; } = [];

        /// <summary>Generated code keeps the descriptor beside the method that binds.</summary>
        private static ServiceDescriptor? Describe(Type service)
        {
            var binding = service.GetCustomAttribute<BindServiceMethodAttribute>(inherit: true);
            return binding?.BindType.GetProperty("Descriptor", BindingFlags.Public | BindingFlags.Static)?.GetValue(null) as ServiceDescriptor;
        }

        private void Add(FileDescriptor file)
        {
            if (!Files.TryAdd(file.Name, file))
            {
                return;
            }

            foreach (var service in file.Services)
            {
                Symbols[service.FullName] = file;
                service.Methods.ToList().ForEach(method => Symbols[method.FullName] = file);
            }

            file.MessageTypes.ToList().ForEach(Add);
            file.EnumTypes.ToList().ForEach(Add);
            AddExtensions(file.Extensions, file);
            file.Dependencies.ToList().ForEach(Add);
        }

        private void Add(MessageDescriptor message)
        {
            Symbols[message.FullName] = message.File;
            foreach (var field in message.Fields.InDeclarationOrder())
            {
                Symbols[field.FullName] = message.File;
            }

            message.NestedTypes.ToList().ForEach(Add);
            message.EnumTypes.ToList().ForEach(Add);
            AddExtensions(message.Extensions, message.File);
        }

        private void Add(EnumDescriptor type)
        {
            Symbols[type.FullName] = type.File;
            foreach (var value in type.Values)
            {
                Symbols[value.FullName] = type.File;
            }
        }

        private void AddExtensions(ExtensionCollection extensions, FileDescriptor file)
        {
            foreach (var extension in extensions.UnorderedExtensions)
            {
                Symbols[extension.FullName] = file;
                Extensions.Add(extension);
            }
        }
    }
}
