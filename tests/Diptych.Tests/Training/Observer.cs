using Diptych.Training;

namespace Diptych.Tests.Training;

/// <summary>Keeps what a run tells, and does something at each step.</summary>
internal sealed class Observer(Action<StepMetrics>? onStep = null) : IPretrainObserver
{
    public int FirstStep { get; private set; } = -1;

    public List<string> Messages { get; } = [];

    public void OnStart(int firstStep, int totalSteps) => FirstStep = firstStep;

    public void OnStep(StepMetrics metrics) => onStep?.Invoke(metrics);

    public void OnMessage(string message) => Messages.Add(message);
}
