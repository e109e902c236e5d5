using System.Buffers;
using Grpc.Core;

namespace Grpc.Wire;

/// <summary>Hands a received message to a deserializer. Deserializers are synchronous, so one instance per thread is enough.</summary>
internal sealed class PayloadReader : DeserializationContext
{
    [ThreadStatic]
    private static PayloadReader? perThread;

    private ReadOnlySequence<byte> payload;

    public override int PayloadLength => (int)payload.Length;

    public static T Deserialize<T>(Marshaller<T> marshaller, in ReadOnlySequence<byte> payload)
    {
        // Taken while in use: a deserializer may itself deserialize.
        var reader = perThread ?? new PayloadReader();
        perThread = null;
        reader.payload = payload;
        try
        {
            return marshaller.ContextualDeserializer(reader);
        }
        finally
        {
            reader.payload = default;
            perThread = reader;
        }
    }

    public override byte[] PayloadAsNewBuffer() => payload.ToArray();

    public override ReadOnlySequence<byte> PayloadAsReadOnlySequence() => payload;
}
