namespace Engine.TypeScript.Tool;

/// <summary>There is nothing to write, for a reason that the user can do something about.</summary>
internal sealed class ContractException(string message) : Exception(message);
