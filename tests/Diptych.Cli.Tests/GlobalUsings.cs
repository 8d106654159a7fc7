global using Diptych.Tests;
global using Xunit;
