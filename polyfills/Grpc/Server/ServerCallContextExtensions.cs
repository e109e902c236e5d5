using Grpc.AspNetCore.Server;
using Microsoft.AspNetCore.Http;

namespace Grpc.Core;

public static class ServerCallContextExtensions
{
    /// <summary>The request behind the call. A context made for a test carries it in its user state under <c>__HttpContext</c>.</summary>
    public static HttpContext GetHttpContext(this ServerCallContext serverCallContext)
    {
        ArgumentNullException.ThrowIfNull(serverCallContext);
        if (serverCallContext is ServerCall call)
        {
            return call.Http;
        }

        return serverCallContext.UserState.TryGetValue("__HttpContext", out var value) && value is HttpContext http
            ? http
            : throw new InvalidOperationException("Could not get HttpContext from ServerCallContext.");
    }
}
