using System.Collections.ObjectModel;
using System.IO.Compression;
using Grpc.Core.Interceptors;
using Grpc.Wire;

namespace Grpc.AspNetCore.Server;

/// <summary>Options of every service (<c>AddGrpc</c>), or of one (<c>AddServiceOptions</c>), whose values then win.</summary>
public class GrpcServiceOptions
{
    private int? maxReceiveMessageSize;

    /// <summary>Bytes; null for no limit.</summary>
    public int? MaxSendMessageSize { get; set; }

    /// <summary>Bytes; 4 MB unless set, null for no limit.</summary>
    public int? MaxReceiveMessageSize
    {
        get => maxReceiveMessageSize;
        set
        {
            maxReceiveMessageSize = value;
            IsMaxReceiveMessageSizeSet = true;
        }
    }

    /// <summary>Whether the caller is told the message of an exception that is no <see cref="Core.RpcException"/>.</summary>
    public bool? EnableDetailedErrors { get; set; }

    /// <summary><c>gzip</c> or <c>deflate</c>; used for callers that accept it.</summary>
    public string? ResponseCompressionAlgorithm { get; set; }

    public CompressionLevel? ResponseCompressionLevel { get; set; }

    /// <summary>Run in order around every call.</summary>
    public InterceptorCollection Interceptors { get; } = [];

    internal bool IsMaxReceiveMessageSizeSet { get; private set; }
}

public class GrpcServiceOptions<TService> : GrpcServiceOptions
    where TService : class;

public class InterceptorCollection : Collection<InterceptorRegistration>
{
    public void Add<TInterceptor>(params object[] args)
        where TInterceptor : Interceptor => Add(typeof(TInterceptor), args);

    public void Add(Type interceptorType, params object[] args)
    {
        ArgumentNullException.ThrowIfNull(interceptorType);
        if (!interceptorType.IsSubclassOf(typeof(Interceptor)))
        {
            throw new ArgumentException($"{interceptorType} is no {typeof(Interceptor)}.", nameof(interceptorType));
        }

        Add(new InterceptorRegistration(interceptorType, args));
    }
}

public class InterceptorRegistration
{
    internal InterceptorRegistration(Type type, object[] arguments)
    {
        Type = type;
        Arguments = arguments;
    }

    public Type Type { get; }

    public IReadOnlyList<object> Arguments { get; }
}

/// <summary>Options of one service, with those of all services where it sets none.</summary>
internal sealed class ServiceSettings
{
    public ServiceSettings(GrpcServiceOptions global, GrpcServiceOptions service)
    {
        MaxSendMessageSize = service.MaxSendMessageSize ?? global.MaxSendMessageSize;
        MaxReceiveMessageSize = service.IsMaxReceiveMessageSizeSet ? service.MaxReceiveMessageSize
            : global.IsMaxReceiveMessageSizeSet ? global.MaxReceiveMessageSize
            : Protocol.DefaultMaxReceiveMessageSize;
        EnableDetailedErrors = service.EnableDetailedErrors ?? global.EnableDetailedErrors ?? false;
        ResponseCompressionLevel = service.ResponseCompressionLevel ?? global.ResponseCompressionLevel ?? CompressionLevel.Fastest;
        Interceptors = [.. global.Interceptors, .. service.Interceptors];

        var algorithm = service.ResponseCompressionAlgorithm ?? global.ResponseCompressionAlgorithm;
        if (algorithm is not null && !MessageEncoding.IsKnown(algorithm))
        {
            throw new InvalidOperationException($"The response compression algorithm '{algorithm}' is not known: use gzip or deflate.");
        }

        ResponseCompressionAlgorithm = algorithm == MessageEncoding.Identity ? null : algorithm;
    }

    public int? MaxSendMessageSize { get; }

    public int? MaxReceiveMessageSize { get; }

    public bool EnableDetailedErrors { get; }

    public string? ResponseCompressionAlgorithm { get; }

    public CompressionLevel ResponseCompressionLevel { get; }

    public InterceptorRegistration[] Interceptors { get; }
}
