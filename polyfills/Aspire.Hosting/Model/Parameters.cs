using System.Security.Cryptography;

namespace Aspire.Hosting.ApplicationModel
{
    /// <summary>A value from outside: configuration key <c>Parameters:name</c>, else the default.</summary>
    public class ParameterResource(string name, Func<ParameterDefault?, string> callback, bool secret = false) : Resource(name), IExpressionValue
    {
        private readonly Lock gate = new();
        private string? value;

        public bool Secret { get; } = secret;

        public ParameterDefault? Default { get; set; }

        public string? Description { get; set; }

        public string ValueExpression => $"{{{Name}.value}}";

        public ValueTask<string?> GetValueAsync(CancellationToken cancellationToken)
        {
            lock (gate)
            {
                return new(value ??= callback(Default));
            }
        }
    }

    public abstract class ParameterDefault
    {
        public abstract string GetDefaultValue();
    }

    public sealed class GenerateParameterDefault : ParameterDefault
    {
        public int MinLength { get; set; }

        public bool Lower { get; set; } = true;

        public bool Upper { get; set; } = true;

        public bool Numeric { get; set; } = true;

        public bool Special { get; set; } = true;

        public override string GetDefaultValue()
        {
            // Without the letters and digits that are taken for one another; the special ones need no quoting in a connection string or URL.
            var alphabet = (Lower ? "abcdefghjkmnpqrstuvwxyz" : "")
                + (Upper ? "ABCDEFGHJKMNPQRSTUVWXYZ" : "")
                + (Numeric ? "123456789" : "")
                + (Special ? "-_.~" : "");
            return RandomNumberGenerator.GetString(alphabet, Math.Max(22, MinLength));
        }
    }
}

namespace Aspire.Hosting
{
    public class MissingParameterValueException : DistributedApplicationException
    {
        public MissingParameterValueException(string message)
            : base(message)
        {
        }

        public MissingParameterValueException(string message, Exception innerException)
            : base(message, innerException)
        {
        }
    }
}
