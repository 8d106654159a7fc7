namespace Diptych.Training;

/// <summary>Hears how a run goes, to show or to record it. Nothing it does changes the run, but what it throws ends it, without a checkpoint.</summary>
public interface IPretrainObserver
{
    /// <summary>The run begins or goes on.</summary>
    /// <param name="firstStep">Steps done already.</param>
    /// <param name="totalSteps">Steps of the whole run.</param>
    void OnStart(int firstStep, int totalSteps);

    /// <summary>A step is done.</summary>
    void OnStep(StepMetrics metrics);

    /// <summary>Something worth telling once, in one line.</summary>
    void OnMessage(string message);
}
