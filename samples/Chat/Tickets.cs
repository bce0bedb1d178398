using System.Buffers.Text;
using System.Security.Cryptography;
using System.Text;
using Engine.Http1;

namespace Chat;

/// <summary>
/// Who a client is: a name, signed. Without a secret the key is the process's own, so a ticket ends with it, as any does some day: clients get a new one before each
/// attempt to connect. A real application asks for more than a name.
/// </summary>
internal sealed class Tickets(string? secret)
{
    private const int MaxNameBytes = 64;

    private readonly byte[] _key = secret is null ? RandomNumberGenerator.GetBytes(32) : SHA256.HashData(Encoding.UTF8.GetBytes(secret));

    /// <summary>The body is the name, the answer the ticket.</summary>
    public async ValueTask SignInAsync(HttpContext context)
    {
        string name = Encoding.UTF8.GetString(await context.Request.ReadBytesAsync(MaxNameBytes)).Trim();
        if (name.Length == 0 || name.Any(static letter => !char.IsLetterOrDigit(letter) && letter is not ('-' or '_')))
        {
            context.Response.StatusCode = 400;
            return;
        }

        context.Response.ContentType = "text/plain";
        await context.Response.WriteAsync($"{name}.{SignatureOf(name)}");
    }

    /// <summary>Null for a request without a valid ticket.</summary>
    public string? NameOf(HttpContext context)
    {
        string? ticket = context.Request.Headers["Authorization"] is { } field && field.StartsWith("Bearer ", StringComparison.Ordinal)
            ? field["Bearer ".Length..]
            : context.Request.GetQueryValue("access_token");
        if (ticket is null || ticket.Split('.') is not [string name, string signature])
        {
            return null;
        }

        return CryptographicOperations.FixedTimeEquals(Encoding.ASCII.GetBytes(signature), Encoding.ASCII.GetBytes(SignatureOf(name))) ? name : null;
    }

    private string SignatureOf(string name) => Base64Url.EncodeToString(HMACSHA256.HashData(_key, Encoding.UTF8.GetBytes(name)));
}
