using SecondOpinion.ServiceDefaults.Text;

namespace SecondOpinion.Tests.ServiceDefaults;

public sealed class PhoneTests
{
    [Theory]
    [InlineData("01 99 00 00 01", "+33199000001")]
    [InlineData("01\u00A099\u00A000\u202F00\u00A001", "+33199000001")]
    [InlineData("01.99.00.00.01", "+33199000001")]
    [InlineData("+33 (0)1 99 00 00 01", "+33199000001")]
    [InlineData("0033 6 39 98 00 01", "+33639980001")]
    [InlineData("0262 90 00 01", "+262262900001")]
    [InlineData("+32 2 555 12 12", "+3225551212")]
    public void A_number_is_read_however_it_is_written(string typed, string e164)
    {
        Phone.TryParse(typed, out var read).ShouldBeTrue();
        read.ShouldBe(e164);
    }

    [Theory]
    [InlineData("")]
    [InlineData("12")]
    [InlineData("01 99 00 00")]
    [InlineData("01 99 00 00 01 02 03 04 05")]
    [InlineData("appelez-moi")]
    [InlineData("+999 1 23 45 67 89")]
    public void What_no_plan_knows_is_refused(string typed) => Phone.TryParse(typed, out _).ShouldBeFalse();
}
