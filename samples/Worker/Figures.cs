using System.Buffers;
using System.Diagnostics.Metrics;
using System.Text.Json;
using Engine;
using Engine.Http1;

namespace Worker;

/// <summary>What the meters of the engine say, summed over the servers, for the page that draws it. A host with a collector has no need of it.</summary>
internal sealed class Figures : IDisposable
{
    private readonly MeterListener _listener = new();
    private readonly Lock _gate = new();
    private readonly Dictionary<string, double> _sums = [];
    private readonly TimeProvider _clock;
    private long _requests;
    private double _requestSeconds;

    public Figures(TimeProvider clock)
    {
        _clock = clock;
        _listener.InstrumentPublished = static (instrument, listener) =>
        {
            if (instrument.Meter.Name is EngineMetrics.MeterName or HttpTelemetry.MeterName)
            {
                listener.EnableMeasurementEvents(instrument);
            }
        };
        _listener.SetMeasurementEventCallback<long>((instrument, value, _, _) => Add(instrument, value));
        _listener.SetMeasurementEventCallback<double>((instrument, value, _, _) => Add(instrument, value));
        _listener.Start();
    }

    /// <summary>The figures now, as JSON.</summary>
    public ReadOnlyMemory<byte> Read()
    {
        var json = new ArrayBufferWriter<byte>();
        using var writer = new Utf8JsonWriter(json);
        lock (_gate)
        {
            _sums.Clear();
            _listener.RecordObservableInstruments();
            writer.WriteStartObject();
            writer.WriteNumber("seconds", _clock.GetTimestamp() / (double)_clock.TimestampFrequency);
            writer.WriteNumber("requests", _requests);
            writer.WriteNumber("requestSeconds", _requestSeconds);
            writer.WriteNumber("residentBytes", Environment.WorkingSet);
            foreach ((string name, double value) in _sums)
            {
                writer.WriteNumber(name, value);
            }

            writer.WriteEndObject();
        }

        writer.Flush();
        return json.WrittenMemory;
    }

    public void Dispose() => _listener.Dispose();

    private void Add(Instrument instrument, double value)
    {
        lock (_gate)
        {
            if (instrument.Name == "http.server.request.duration")
            {
                _requests++;
                _requestSeconds += value;
            }
            else if (instrument.IsObservable)
            {
                // The worst loop, and the sum of everything else.
                double before = _sums.GetValueOrDefault(instrument.Name);
                _sums[instrument.Name] = instrument.Name == "engine.loop.lag" ? Math.Max(before, value) : before + value;
            }
        }
    }
}
