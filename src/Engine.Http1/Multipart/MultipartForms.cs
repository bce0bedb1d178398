using System.Buffers;
using System.Text;

namespace Engine.Http1;

/// <summary>The way from a request to the parts of its form.</summary>
public static class MultipartForms
{
    private const int MaxBoundaryBytes = 70;

    /// <summary>RFC 2046 §5.1.1, bchars; it does not end in a space.</summary>
    private static readonly SearchValues<byte> Boundary = SearchValues.Create("0123456789abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ'()+_,-./:=? "u8);

    /// <summary>Begins to read a form of parts, among them files of any size.</summary>
    /// <param name="request">Its body has not been read, and is not read by other means meanwhile.</param>
    /// <param name="limits">Null is the defaults.</param>
    /// <returns>A reader; dispose it when it is not read to its end.</returns>
    /// <exception cref="RequestBodyException">
    /// The Content-Type is not <c>multipart/form-data</c> (status 415), or has no valid boundary (400).
    /// </exception>
    public static MultipartReader OpenMultipart(this HttpRequest request, MultipartLimits? limits = null)
    {
        ArgumentNullException.ThrowIfNull(request);
        limits ??= new MultipartLimits();
        limits.Check();
        if (!request.Headers.TryGetBytes("Content-Type", out ReadOnlySpan<byte> value) || !MediaType.Parse(value).Is("multipart/form-data"u8))
        {
            throw new RequestBodyException("The content is not said to be a form of parts.", 415);
        }

        return new MultipartReader(request.Body, FindBoundary(value) ?? throw new RequestBodyException("The boundary is missing or malformed.", 400), limits);
    }

    /// <summary>The boundary of a Content-Type; null when it has none that is valid.</summary>
    internal static string? FindBoundary(ReadOnlySpan<byte> contentType)
    {
        string? boundary = null;
        var parameters = new ParameterReader(MediaType.Parse(contentType).Parameters);
        while (parameters.TryRead())
        {
            if (!parameters.IsNamed("boundary"u8))
            {
                continue;
            }

            ReadOnlySpan<byte> value = parameters.Value;
            bool isValid = value.Length is > 0 and <= MaxBoundaryBytes && value[^1] != ' ' && !value.ContainsAnyExcept(Boundary);
            if (!isValid || boundary is not null)
            {
                // Two boundaries are two ways to read one body.
                return null;
            }

            boundary = Encoding.ASCII.GetString(value);
        }

        return parameters.IsBroken ? null : boundary;
    }
}
