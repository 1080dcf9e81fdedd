package tessella.engine;

import jdk.jfr.Category;
import jdk.jfr.DataAmount;
import jdk.jfr.Description;
import jdk.jfr.Event;
import jdk.jfr.Label;
import jdk.jfr.Name;
import jdk.jfr.StackTrace;

/** An operator that ran, in a recording of the JDK Flight Recorder; its duration is that of its region. */
@Name("tessella.Operator")
@Label("Operator")
@Category("Tessella")
@Description("A tensor operator, from the start of its first task to the end of its last")
@StackTrace(false)
final class OperatorEvent extends Event {
    @Label("Operator")
    @Description("Its name, and in a backward pass that of the operator whose gradient it serves")
    String operator;

    @Label("Tasks")
    @Description("Parts that the threads of the team shared")
    int tasks;

    @Label("FLOP")
    @Description("Multiplications and additions of matrix products, 0 for other operators")
    long flops;

    @Label("Bytes")
    @Description("What its operands and results hold, each piece of memory once")
    @DataAmount
    long bytes;
}
