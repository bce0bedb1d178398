namespace Conformance;

/// <summary>A case of the catalogue.</summary>
/// <param name="Id">The suite's own number.</param>
/// <param name="Description">What the fuzzer does.</param>
/// <param name="Expectation">What a conforming end does.</param>
/// <param name="Create">Makes a fresh run of it.</param>
internal sealed record ConformanceCase(CaseId Id, string Description, string Expectation, Func<CaseScript> Create);
