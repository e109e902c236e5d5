namespace Grpc.Net.Client.Balancer;

internal sealed class BalancingHandler : DelegatingHandler
{
    public static BalancingHandler Create(Uri address, GrpcChannelOptions options, HttpMessageHandler handler) => throw new NotSupportedException();
}
