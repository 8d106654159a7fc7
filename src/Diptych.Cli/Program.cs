using Diptych;

if (args is ["--version"])
{
    try { TorchRuntime.Load(); Console.WriteLine($"diptych {typeof(TorchRuntime).Assembly.GetName().Version?.ToString(3)}, {TorchRuntime.Description}; 1 + 1 = {TorchSharp.torch.ones(2).sum().item<float>()}"); }
    catch (InvalidInputException e) { Console.Error.WriteLine(e.Message); return 2; }
}
return 0;
