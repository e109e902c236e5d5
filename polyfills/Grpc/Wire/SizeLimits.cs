using Grpc.Core;

namespace Grpc.Wire;

internal static class SizeLimits
{
    public static readonly Status ReceivedTooLarge =
        new(StatusCode.ResourceExhausted, "Received message exceeds the maximum configured message size.");

    public static readonly Status SentTooLarge =
        new(StatusCode.ResourceExhausted, "Sending message exceeds the maximum configured message size.");
}
