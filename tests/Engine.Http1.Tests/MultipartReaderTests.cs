using System.Diagnostics;
using System.IO.Pipelines;
using System.Text;

namespace Engine.Http1.Tests;

/// <summary>Forms of parts, read from bytes that come in any pieces.</summary>
[Category("Pure")]
[CancelAfter(60_000)]
public sealed class MultipartReaderTests
{
    private const string Field = "Content-Disposition: form-data; name=\"a\"\r\n\r\n";
    private const string Good = "--b\r\n" + Field + "one\r\n--b\r\nContent-Type: text/plain\r\nContent-Disposition: form-data; filename=\"f.txt\"; name=file\r\n\r\ntwo\r\n\r\n--\r\n--b--\r\n";

    [TestCase(Good, "a=one|file(f.txt,text/plain)=two\r\n\r\n--")]
    [TestCase("preamble\r\n--b\r\n" + Field + "one\r\n--b--epilogue --b\r\n", "a=one")]
    [TestCase("--b  \t\r\n" + Field + "\r\n--b--", "a=")]
    [TestCase("--b\r\n" + Field + "x\n--b\r--b\r\n-b\r\n--b--", "a=x\n--b\r--b\r\n-b")]
    [TestCase("--b\r\n" + Field + "\r\n\r\n\r\n--b--", "a=\r\n\r\n")]
    [TestCase("--b--", "")]
    [TestCase("--b\r\ncontent-disposition:form-data;NAME=\"q\\\"u%22o\\\\te%0d%0A\";filename=\"\"\r\n\r\nx\r\n--b--", "q\"u\"o\\te\r\n(,)=x")]
    [TestCase("--b\r\nX: 1\r\nContent-Disposition: form-data; name=\"Ã©\"; filename=\"..\\\\..\\\\x/y\"\r\n\r\nx\r\n--b--", "é(..\\..\\x/y,)=x")]
    public void RFC_2046_5_1_1_parts_are_read_however_the_bytes_come(string body, string expected)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(body);
        for (int piece = 1; piece <= bytes.Length; piece += piece < 40 ? 1 : 7)
        {
            foreach (int taken in new[] { 1, 3, 4096 })
            {
                Assert.That(Read(bytes, piece, taken), Is.EqualTo(expected), $"pieces of {piece}, reads of {taken}");
            }
        }
    }

    [TestCase("")]
    [TestCase("--b")]
    [TestCase("--b\r\n")]
    [TestCase("--bx\r\n" + Field + "one\r\n--b--")]
    [TestCase("--b-\r\n" + Field + "one\r\n--b--")]
    [TestCase("--b \r" + Field + "one\r\n--b--")]
    [TestCase("--b\r\n" + Field + "one")]
    [TestCase("--b\r\n" + Field + "one\r\n--b")]
    [TestCase("--b\r\n" + Field + "one\r\n--b\r\n")]
    [TestCase("--b\n" + Field + "one\r\n--b--")]
    [TestCase("--b\r\nContent-Disposition: form-data; name=\"a\"\r\n--b--")]
    [TestCase("--b\r\n\r\none\r\n--b--")]
    [TestCase("--b\r\nContent-Disposition: form-data\r\n\r\none\r\n--b--")]
    [TestCase("--b\r\nContent-Disposition: attachment; name=a\r\n\r\none\r\n--b--")]
    [TestCase("--b\r\nContent-Disposition: form-data; name=\"a\r\n\r\none\r\n--b--")]
    [TestCase("--b\r\nContent-Disposition: form-data; name=a\r\nContent-Disposition: form-data; name=b\r\n\r\none\r\n--b--")]
    [TestCase("--b\r\nContent-Disposition : form-data; name=a\r\n\r\none\r\n--b--")]
    [TestCase("--b\r\n: x\r\n" + Field + "one\r\n--b--")]
    [TestCase("--b\r\nX: a\0b\r\n" + Field + "one\r\n--b--")]
    [TestCase("--b\r\nX: a\nY: b\r\n" + Field + "one\r\n--b--")]
    public void What_is_malformed_or_cut_is_400(string body)
    {
        byte[] bytes = Encoding.Latin1.GetBytes(body);
        for (int piece = 1; piece <= Math.Max(1, bytes.Length); piece++)
        {
            Assert.That(() => Read(bytes, piece, 5), Throws.InstanceOf<RequestBodyException>().With.Property("StatusCode").EqualTo(400), $"pieces of {piece}");
        }
    }

    [Test]
    public void Each_limit_is_413_one_past_it_and_fine_on_it()
    {
        string part = "--b\r\n" + Field + "12345\r\n";
        Assert.That(Read(part + part + "--b--", new MultipartLimits { MaxParts = 2 }), Is.EqualTo("a=12345|a=12345"));
        Refused(part + part + "--b--", new MultipartLimits { MaxParts = 1 });
        Assert.That(Read(part + "--b--", new MultipartLimits { MaxPartBytes = 5 }), Is.EqualTo("a=12345"));
        Refused(part + "--b--", new MultipartLimits { MaxPartBytes = 4 });
        string padded = "--b\r\nX: " + new string('x', 94 - Field.Length) + "\r\n" + Field + "1\r\n--b--";
        Assert.That(Read(padded, new MultipartLimits { MaxPartHeaderBytes = 100 }), Is.EqualTo("a=1"));
        Refused(padded, new MultipartLimits { MaxPartHeaderBytes = 80 });
        Refused(new string('p', 200) + "\r\n" + part + "--b--", new MultipartLimits { MaxPartHeaderBytes = 100 });
        Refused("--b" + new string(' ', 200) + "\r\n" + Field, new MultipartLimits { MaxPartHeaderBytes = 100 });
        Refused("--b\r\n" + string.Concat(Enumerable.Repeat("X: y\r\n", 100_000)), new MultipartLimits { MaxPartHeaderBytes = 65_536 });
        Assert.That(() => new MultipartLimits { MaxPartHeaderBytes = 65_537 }.Check(), Throws.InstanceOf<ArgumentOutOfRangeException>());
    }

    [Test]
    public async Task A_part_that_is_left_is_skipped_and_can_be_read_no_more()
    {
        using var reader = new MultipartReader(PipeReader.Create(new MemoryStream(Encoding.Latin1.GetBytes(Good))), "b", new MultipartLimits());
        MultipartPart first = (await reader.ReadPartAsync())!;
        byte[] one = new byte[1];
        Assert.That(await first.Body.ReadAsync(one), Is.EqualTo(1));
        MultipartPart second = (await reader.ReadPartAsync())!;
        Assert.That(async () => await first.ReadAsync(one), Throws.InstanceOf<ObjectDisposedException>());
        Assert.That(async () => await second.ReadBytesAsync(maxBytes: 5), Throws.InstanceOf<RequestBodyException>());
        Assert.That(await reader.ReadPartAsync(), Is.Null);
        Assert.That(await reader.ReadPartAsync(), Is.Null);
    }

    [TestCase("multipart/form-data; boundary=b", "b")]
    [TestCase("Multipart/Form-Data; charset=x; BOUNDARY=\"a b(:?=\"", "a b(:?=")]
    [TestCase("multipart/form-data", null)]
    [TestCase("multipart/form-data; boundary=", null)]
    [TestCase("multipart/form-data; boundary=\"\"", null)]
    [TestCase("multipart/form-data; boundary=\"a \"", null)]
    [TestCase("multipart/form-data; boundary=\"a\\\"\"", null)]
    [TestCase("multipart/form-data; boundary=a; boundary=b", null)]
    [TestCase("multipart/form-data; boundary=\"a", null)]
    [TestCase("multipart/form-data; boundary=1234567890123456789012345678901234567890123456789012345678901234567890", "1234567890123456789012345678901234567890123456789012345678901234567890")]
    [TestCase("multipart/form-data; boundary=12345678901234567890123456789012345678901234567890123456789012345678901", null)]
    public void RFC_2046_5_1_1_a_boundary_has_1_to_70_characters_and_is_the_only_one(string type, string? boundary)
        => Assert.That(MultipartForms.FindBoundary(Encoding.Latin1.GetBytes(type)), Is.EqualTo(boundary));

    [Test]
    public void Content_that_nearly_is_the_boundary_all_the_time_costs_linear_time()
    {
        // Twice the bytes may take four times as long on a loaded machine, but not the sixteen of quadratic work at four times the bytes.
        string boundary = new('-', 70);
        double small = Measure(1 << 20);
        double large = Measure(16 << 20);
        Assert.That(large, Is.LessThan((small + 5) * 100));

        double Measure(int bytes)
        {
            string nearly = string.Concat(Enumerable.Repeat("\r\n" + new string('-', 71), bytes / 73));
            byte[] body = Encoding.Latin1.GetBytes($"--{boundary}\r\n{Field}{nearly}\r\n--{boundary}--");
            var watch = Stopwatch.StartNew();
            Assert.That(Read(body, 4096, 100, boundary: boundary), Has.Length.EqualTo(nearly.Length + 2));
            return watch.Elapsed.TotalMilliseconds;
        }
    }

    private static void Refused(string body, MultipartLimits limits)
        => Assert.That(() => Read(body, limits), Throws.InstanceOf<RequestBodyException>().With.Property("StatusCode").EqualTo(413));

    private static string Read(string body, MultipartLimits limits) => Read(Encoding.Latin1.GetBytes(body), 4096, 4096, limits);

    /// <summary>All parts, from a body that comes and is taken in pieces.</summary>
    internal static string Read(byte[] body, int piece, int taken, MultipartLimits? limits = null, string boundary = "b")
    {
        using var reader = new MultipartReader(new Pieces(body, piece), boundary, limits ?? new MultipartLimits());
        return ReadAsync().AsTask().GetAwaiter().GetResult();

        async ValueTask<string> ReadAsync()
        {
            var parts = new List<string>();
            byte[] buffer = new byte[taken];
            while (await reader.ReadPartAsync() is { } part)
            {
                var content = new StringBuilder();
                while (await part.ReadAsync(buffer) is > 0 and var count)
                {
                    content.Append(Encoding.Latin1.GetString(buffer, 0, count));
                }

                parts.Add($"{part.Name}{(part.FileName is { } file ? $"({file},{part.ContentType})" : "")}={content}");
            }

            return string.Join('|', parts);
        }
    }

    /// <summary>A body that is there at once but offered in pieces.</summary>
    private sealed class Pieces(byte[] body, int piece) : PipeReader
    {
        private int _taken;

        public override ValueTask<ReadResult> ReadAsync(CancellationToken cancellationToken = default)
        {
            int length = Math.Min(piece, body.Length - _taken);
            return new ValueTask<ReadResult>(new ReadResult(new System.Buffers.ReadOnlySequence<byte>(body, _taken, length), false, _taken + length == body.Length));
        }

        public override void AdvanceTo(SequencePosition consumed) => _taken = consumed.GetInteger();

        public override void AdvanceTo(SequencePosition consumed, SequencePosition examined) => AdvanceTo(consumed);

        public override bool TryRead(out ReadResult result) => throw new NotSupportedException();

        public override void CancelPendingRead() => throw new NotSupportedException();

        public override void Complete(Exception? exception = null)
        {
        }
    }
}
