using System.Security.Cryptography;
using System.Text;

namespace Engine.Backplane.RabbitMq;

/// <summary>
/// Names of topics as routing keys: what a binding would take for a wildcard stands as a percent sign and two hexadecimal digits, and a name that is too long as its hash.
/// Pure.
/// </summary>
internal static class RoutingKeys
{
    public const int MaxBytes = 255;

    public static string Of(string topic)
    {
        string key = topic.Replace("%", "%25", StringComparison.Ordinal).Replace("*", "%2A", StringComparison.Ordinal).Replace("#", "%23", StringComparison.Ordinal);
        return Encoding.UTF8.GetByteCount(key) <= MaxBytes ? key : $"%{Convert.ToHexString(SHA256.HashData(Encoding.UTF8.GetBytes(topic)))}";
    }
}
