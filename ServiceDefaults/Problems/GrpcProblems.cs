using Grpc.Core;
using Grpc.Core.Interceptors;
using SecondOpinion.ServiceDefaults.Audit;
using SecondOpinion.ServiceDefaults.Database;

namespace SecondOpinion.ServiceDefaults.Problems;

/// <summary>The one place where a refusal becomes a gRPC status, with the stable code in the <c>error-code</c> trailer.</summary>
internal sealed class GrpcProblems(Refusals refusals) : Interceptor
{
    public override Task<TResponse> UnaryServerHandler<TRequest, TResponse>(
        TRequest request, ServerCallContext context, UnaryServerMethod<TRequest, TResponse> continuation) =>
        Translated(context, request, () => continuation(request, context));

    public override Task<TResponse> ClientStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, ServerCallContext context, ClientStreamingServerMethod<TRequest, TResponse> continuation) =>
        Translated(context, requestStream, () => continuation(requestStream, context));

    public override Task ServerStreamingServerHandler<TRequest, TResponse>(
        TRequest request, IServerStreamWriter<TResponse> responseStream, ServerCallContext context, ServerStreamingServerMethod<TRequest,
            TResponse> continuation) =>
        Translated(context, request, async () =>
        {
            await continuation(request, responseStream, context);
            return true;
        });

    public override Task DuplexStreamingServerHandler<TRequest, TResponse>(
        IAsyncStreamReader<TRequest> requestStream, IServerStreamWriter<TResponse> responseStream, ServerCallContext context,
        DuplexStreamingServerMethod<TRequest, TResponse> continuation) =>
        Translated(context, requestStream, async () =>
        {
            await continuation(requestStream, responseStream, context);
            return true;
        });

    private async Task<T> Translated<T>(ServerCallContext context, object request, Func<Task<T>> call)
    {
        try
        {
            return await call();
        }
        catch (ProblemException refused)
        {
            if (refused.Problem.Type.Status is 403 or 404)
            {
                await refusals.OfCall(context.GetHttpContext(), context.Method, request, refused.Problem.Type.Code);
            }

            throw ToRpc(refused.Problem);
        }
        catch (Npgsql.PostgresException exception) when (DatabaseFault.IsUnstorableText(exception))
        {
            throw new RpcException(new Status(StatusCode.InvalidArgument, "A text holds a character that cannot be kept, such as U+0000.", exception));
        }
        catch (Npgsql.NpgsqlException exception) when (exception.IsTransient)
        {
            throw new RpcException(new Status(StatusCode.Unavailable, "The database is away.", exception));
        }
    }

    private static RpcException ToRpc(Problem problem) => new(
        new Status(
            problem.Type.Status switch
            {
                400 or 413 or 415 or 422 => StatusCode.InvalidArgument,
                401 => StatusCode.Unauthenticated,
                403 => StatusCode.PermissionDenied,
                404 => StatusCode.NotFound,
                409 or 412 or 428 => StatusCode.FailedPrecondition,
                429 => StatusCode.ResourceExhausted,
                503 => StatusCode.Unavailable,
                _ => StatusCode.Internal,
            },
            problem.Detail),
        new Metadata { { "error-code", problem.Type.Code } });
}
