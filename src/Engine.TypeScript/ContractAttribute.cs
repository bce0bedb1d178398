namespace Engine.TypeScript;

/// <summary>Makes a type part of the contract of its assembly though it is no message, such as the body of an HTTP request.</summary>
[AttributeUsage(AttributeTargets.Class | AttributeTargets.Struct | AttributeTargets.Enum, Inherited = false)]
public sealed class ContractAttribute : Attribute;
