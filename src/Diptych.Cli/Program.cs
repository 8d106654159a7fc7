using Diptych.Cli;

return Tool.Run(args);
