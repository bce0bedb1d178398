using System.Buffers;
using System.Security.Claims;
using System.Security.Cryptography;
using Engine.Http1;

namespace Uploads;

/// <summary>An application that is mapped under any prefix: it takes files of any size in constant memory, and answers in JSON.</summary>
internal sealed class UploadApi(string token)
{
    private static readonly MultipartLimits Limits = new() { MaxParts = 20, MaxPartBytes = 1L << 30 };

    public void Map(HttpServer api) => api
        .Use(BearerAuthentication.Create("uploads", ValidateAsync))
        .MapPost("/files", TakeAsync);

    private ValueTask<ClaimsPrincipal?> ValidateAsync(HttpContext context, string presented)
        => ValueTask.FromResult(SecretComparison.AreEqual(presented, token) ? new ClaimsPrincipal(new ClaimsIdentity([new Claim(ClaimTypes.Name, "uploader")], "token")) : null);

    private static async ValueTask TakeAsync(HttpContext context)
    {
        var uploads = new List<Upload>();
        using MultipartReader form = context.Request.OpenMultipart(Limits);
        while (await form.ReadPartAsync() is { } part)
        {
            if (part.FileName is { } name)
            {
                uploads.Add(await HashAsync(part, name));
            }
        }

        await context.Response.WriteJsonAsync(uploads, Shapes.Default.ListUpload);
    }

    /// <summary>Where a real application would write to a store: piece by piece, as the client sends.</summary>
    private static async ValueTask<Upload> HashAsync(MultipartPart part, string name)
    {
        using var hash = IncrementalHash.CreateHash(HashAlgorithmName.SHA256);
        byte[] buffer = ArrayPool<byte>.Shared.Rent(65_536);
        long bytes = 0;
        while (await part.ReadAsync(buffer) is > 0 and var count)
        {
            hash.AppendData(buffer, 0, count);
            bytes += count;
        }

        ArrayPool<byte>.Shared.Return(buffer);
        return new Upload(name, bytes, Convert.ToHexStringLower(hash.GetHashAndReset()));
    }
}
