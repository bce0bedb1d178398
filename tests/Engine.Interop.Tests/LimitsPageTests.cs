using System.Globalization;
using System.Reflection;
using Engine.Hosting;
using Engine.Http1;
using Engine.PubSub;
using Engine.Sse;
using Engine.WebSockets;

namespace Engine.Interop.Tests;

/// <summary>docs/limits.md names every number and every clock of the options, with the default that the code has, and nothing else.</summary>
[Category("Pure")]
public sealed class LimitsPageTests
{
    private static readonly object[] Options =
    [
        new ServerOptions(), new ConnectionOptions(), new TlsOptions(), new ProxyProtocolOptions(), new HttpLimits(), new MultipartLimits(),
        new WebSocketEndpointOptions(), new WebSocketCompressionOptions(), new TopicClientOptions(), new SseOptions(), new SseHubOptions<object>(), new TopicHubOptions(), new TopicOptions(TopicKind.Stream), new EngineHostOptions(),
    ];

    private static readonly (string Name, string Default)[] Rows =
    [
        .. File.ReadAllLines(Path.Combine(Repository.Root, "docs", "limits.md"))
            .Where(static line => line.StartsWith("| `", StringComparison.Ordinal))
            .Select(static line => line.Split('|', StringSplitOptions.TrimEntries))
            .Select(static cells => (cells[1].Trim('`'), cells[2])),
    ];

    private static IEnumerable<TestCaseData> Bounds()
        => from options in Options
           from property in Numbers(options.GetType())
           select new TestCaseData(property.Name, Text(property.GetValue(options)!)).SetArgDisplayNames($"{options.GetType().Name}.{property.Name}");

    [TestCaseSource(nameof(Bounds))]
    public void The_page_names_it_with_its_default(string name, string expected)
        => Assert.That(
            Rows.Where(row => row.Name == name).Select(row => row.Default),
            Has.Some.Matches<string>(cell => cell == expected || cell!.StartsWith(expected + " (", StringComparison.Ordinal)),
            $"| `{name}` | {expected} | ... |");

    [Test]
    public void The_page_names_nothing_that_does_not_exist()
        => Assert.That(Rows.Select(row => row.Name).Except(Options.SelectMany(options => Numbers(options.GetType())).Select(static property => property.Name)), Is.Empty);

    private static IEnumerable<PropertyInfo> Numbers(Type type)
        => type.GetProperties().Where(property => property.PropertyType == typeof(int) || property.PropertyType == typeof(long) || property.PropertyType == typeof(TimeSpan));

    private static string Text(object value) => value switch
    {
        TimeSpan time when time == Timeout.InfiniteTimeSpan => "off",
        TimeSpan time => time.ToString("c", CultureInfo.InvariantCulture),
        _ => Convert.ToString(value, CultureInfo.InvariantCulture)!,
    };
}
