using System.Buffers.Binary;
using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;
using System.Runtime.Intrinsics;
using System.Runtime.Intrinsics.X86;
using System.Security.Cryptography;

namespace SecondOpinion.Billing.Identity;

/// <summary>
/// The hashes of <see cref="IdentityHasher"/>, of many identities at once: eight HMAC-SHA-256 side by side in the lanes of vector registers. A call into the
/// system's library for each of the fifty million hashes of a large roster took longer than everything else in its import. Every message fits into one block,
/// so with the states after the key at hand two blocks are left to each hash. Tests hold it to the library's results. Not safe for two threads at once.
/// </summary>
internal sealed class IdentityHashBatch : IDisposable
{
    private const int Lanes = 8;
    private const int BlockSize = 64;
    private static readonly uint[] Initial = [0x6a09e667, 0xbb67ae85, 0x3c6ef372, 0xa54ff53a, 0x510e527f, 0x9b05688c, 0x1f83d9ab, 0x5be0cd19];
    private static readonly uint[] Rounds =
    [
        0x428a2f98, 0x71374491, 0xb5c0fbcf, 0xe9b5dba5, 0x3956c25b, 0x59f111f1, 0x923f82a4, 0xab1c5ed5, 0xd807aa98, 0x12835b01, 0x243185be, 0x550c7dc3,
        0x72be5d74, 0x80deb1fe, 0x9bdc06a7, 0xc19bf174, 0xe49b69c1, 0xefbe4786, 0x0fc19dc6, 0x240ca1cc, 0x2de92c6f, 0x4a7484aa, 0x5cb0a9dc, 0x76f988da,
        0x983e5152, 0xa831c66d, 0xb00327c8, 0xbf597fc7, 0xc6e00bf3, 0xd5a79147, 0x06ca6351, 0x14292967, 0x27b70a85, 0x2e1b2138, 0x4d2c6dfc, 0x53380d13,
        0x650a7354, 0x766a0abb, 0x81c2c92e, 0x92722c85, 0xa2bfe8a1, 0xa81a664b, 0xc24b8b70, 0xc76c51a3, 0xd192e819, 0xd6990624, 0xf40e3585, 0x106aa070,
        0x19a4c116, 0x1e376c08, 0x2748774c, 0x34b0bcb5, 0x391c0cb3, 0x4ed8aa4a, 0x5b9cca4f, 0x682e6ff3, 0x748f82ee, 0x78a5636f, 0x84c87814, 0x8cc70208,
        0x90befffa, 0xa4506ceb, 0xbef9a3f7, 0xc67178f2,
    ];

    private readonly Vector256<uint>[] _inner;
    private readonly Vector256<uint>[] _outer;
    private readonly Vector256<uint>[] _words = new Vector256<uint>[64];
    private readonly Vector256<uint>[] _state = new Vector256<uint>[8];
    private readonly IdentityHasher _oneByOne;
    private byte[] _blocks = new byte[Lanes * BlockSize];
    private byte[] _lengths = new byte[Lanes];
    private long[] _hashes = new long[Lanes];

    public IdentityHashBatch(byte[] key)
    {
        _oneByOne = new IdentityHasher(key);
        Span<byte> block = stackalloc byte[BlockSize];
        block.Clear();
        (key.Length > BlockSize ? SHA256.HashData(key) : key).CopyTo(block);
        _inner = AfterKey(block, 0x36);
        _outer = AfterKey(block, 0x5c);
        CryptographicOperations.ZeroMemory(block);
    }

    public int Count { get; private set; }

    /// <summary>The hash in this place, after <see cref="Compute()"/>.</summary>
    public long this[int place] => _hashes[place];

    /// <returns>Its place.</returns>
    public int Add(byte kind, ReadOnlySpan<byte> amc, ReadOnlySpan<byte> name, int date, int rank)
    {
        if (Count == _lengths.Length)
        {
            Array.Resize(ref _blocks, _blocks.Length * 2);
            Array.Resize(ref _lengths, _lengths.Length * 2);
            Array.Resize(ref _hashes, _hashes.Length * 2);
        }

        var block = _blocks.AsSpan(Count * BlockSize, BlockSize);
        block.Clear();
        var length = IdentityMessage.Write(block, kind, amc, name, date, rank);
        block[length] = 0x80;
        BinaryPrimitives.WriteInt32BigEndian(block[^4..], (BlockSize + length) * 8);
        _lengths[Count] = (byte)length;
        return Count++;
    }

    public void Compute()
    {
        if (!Vector256.IsHardwareAccelerated)
        {
            for (var i = 0; i < Count; i++)
            {
                _hashes[i] = _oneByOne.Hash(_blocks.AsSpan(i * BlockSize, _lengths[i]));
            }

            return;
        }

        // The last group may be short: its other lanes hash what an earlier batch left, and nobody reads them.
        for (var first = 0; first < Count; first += Lanes)
        {
            Compute(_blocks.AsSpan(first * BlockSize, Lanes * BlockSize), _hashes.AsSpan(first, Lanes));
        }
    }

    public void Clear() => Count = 0;

    public void Dispose()
    {
        _oneByOne.Dispose();
        Array.Clear(_blocks);
        Array.Clear(_inner);
        Array.Clear(_outer);
    }

    private static Vector256<uint>[] AfterKey(ReadOnlySpan<byte> key, byte pad)
    {
        var words = new Vector256<uint>[64];
        for (var t = 0; t < 16; t++)
        {
            words[t] = Vector256.Create(BinaryPrimitives.ReadUInt32BigEndian(key[(t * 4)..]) ^ (pad * 0x01010101u));
        }

        var state = Array.ConvertAll(Initial, Vector256.Create);
        Compress(state, words);
        return state;
    }

    private void Compute(ReadOnlySpan<byte> blocks, Span<long> hashes)
    {
        var (words, state) = (_words, _state);
        for (var t = 0; t < 16; t++)
        {
            words[t] = Vector256.Create(
                Word(blocks, 0, t), Word(blocks, 1, t), Word(blocks, 2, t), Word(blocks, 3, t), Word(blocks, 4, t), Word(blocks, 5, t),
                Word(blocks, 6, t), Word(blocks, 7, t));
        }

        _inner.CopyTo(state, 0);
        Compress(state, words);

        // The outer message: the inner hash after the key's block.
        state.CopyTo(words, 0);
        words[8] = Vector256.Create(0x80000000u);
        words.AsSpan(9, 6).Clear();
        words[15] = Vector256.Create((BlockSize + 32u) * 8);
        _outer.CopyTo(state, 0);
        Compress(state, words);
        for (var lane = 0; lane < Lanes; lane++)
        {
            hashes[lane] = (long)(((ulong)state[0][lane] << 32) | state[1][lane]);
        }
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static uint Word(ReadOnlySpan<byte> blocks, int lane, int t) => BinaryPrimitives.ReadUInt32BigEndian(blocks[((lane * BlockSize) + (t * 4))..]);

    /// <summary>The compression function of FIPS 180-4, section 6.2.2, on eight blocks.</summary>
    /// <param name="state">Eight words; changed.</param>
    /// <param name="words">The sixteen words of the block; the rest is worked out here.</param>
    [MethodImpl(MethodImplOptions.AggressiveOptimization)]
    private static void Compress(Vector256<uint>[] state, Vector256<uint>[] words)
    {
        for (var t = 16; t < words.Length; t++)
        {
            var (w15, w2) = (words[t - 15], words[t - 2]);
            words[t] = words[t - 16] + (Ror(w15, 7) ^ Ror(w15, 18) ^ (w15 >>> 3)) + words[t - 7] + (Ror(w2, 17) ^ Ror(w2, 19) ^ (w2 >>> 10));
        }

        var (a, b, c, d, e, f, g, h) = (state[0], state[1], state[2], state[3], state[4], state[5], state[6], state[7]);
        for (var t = 0; t < words.Length; t++)
        {
            var t1 = h + (Ror(e, 6) ^ Ror(e, 11) ^ Ror(e, 25)) + ((e & f) ^ Vector256.AndNot(g, e)) + Vector256.Create(Rounds[t]) + words[t];
            var t2 = (Ror(a, 2) ^ Ror(a, 13) ^ Ror(a, 22)) + ((a & b) ^ (a & c) ^ (b & c));
            (h, g, f, e, d, c, b, a) = (g, f, e, d + t1, c, b, a, t1 + t2);
        }

        state[0] += a;
        state[1] += b;
        state[2] += c;
        state[3] += d;
        state[4] += e;
        state[5] += f;
        state[6] += g;
        state[7] += h;
    }

    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    private static Vector256<uint> Ror(Vector256<uint> value, [ConstantExpected] byte bits) =>
        Avx512F.VL.IsSupported ? Avx512F.VL.RotateRight(value, bits) : (value >>> bits) | (value << (32 - bits));
}
